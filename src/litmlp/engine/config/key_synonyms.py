"""Names that other libraries have for keys and options, and what to type here."""

KEYS = {
    "accelerator": "trainer",
    "batchnormalization": "batchnorm",
    "dataset": "data",
    "device": "trainer",
    "cv": "data.num_folds",
    "epoch": "trainer.max_epochs",
    "epochs": "trainer.max_epochs",
    "folds": "data.num_folds",
    "gpus": "trainer.devices",
    "kfold": "data.num_folds",
    "hiddenlayers": "model.hidden_sizes",
    "hiddenlayersizes": "model.hidden_sizes",
    "iterations": "trainer.max_steps",
    "layers": "model.hidden_sizes",
    "learningrate": "optimizer.lr",
    "lrscheduler": "scheduler",
    "maxiter": "trainer.max_epochs",
    "metric": "monitor",
    "nepochs": "trainer.max_epochs",
    "numepochs": "trainer.max_epochs",
    "randomstate": "seed",
    "steps": "trainer.max_steps",
    "testsize": "data.test_share",
    "units": "model.hidden_sizes",
    "width": "model.hidden_sizes",
}
"""Keys of other libraries, without underscores, and the key here that means it."""

OPTIONS = {
    "activation": {"swish": "silu", "logistic": "sigmoid", "linear": "identity"},
    "batchnorm": {"true": "before_activation", "batchnorm": "before_activation"},
    "callbacks": {"none": "minimal"},
    "data": {"mnist": "openml data.name=mnist_784", "csv": "table"},
    "dropout": {"true": "dropout"},
    "initializer": {"he": "kaiming_normal", "glorot": "xavier_uniform"}
    | {"henormal": "kaiming_normal", "heuniform": "kaiming_uniform"}
    | {"glorotnormal": "xavier_normal", "glorotuniform": "xavier_uniform"}
    | {"none": "torch_default", "default": "torch_default"},
    "loss": {"bce": "binary_cross_entropy", "ce": "cross_entropy", "l1": "mae"}
    | {"l2": "mse", "nll": "cross_entropy", "logloss": "cross_entropy"},
    "scheduler": {"none": "constant", "plateau": "reduce_on_plateau"},
    "task": {"classification": "multiclass"},
    "trainer": {"cuda": "gpu", "none": "auto"},
}
"""Names of other libraries for an option, without underscores, and what to type."""
