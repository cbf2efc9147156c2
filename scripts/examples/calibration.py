"""Honest probabilities: a network that is too sure, calibrated by scikit-learn."""

from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

import litmlp

X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.5, random_state=0)

# Trained for long without early stopping: it has learned to be sure.
options = ["callbacks=minimal", "monitor=loss/train", "trainer.max_epochs=40"]
network = litmlp.MLPClassifier(lr=1e-2, overrides=options)
sure = network.fit(X_train, y_train).predict_proba(X_test)[:, 1]
losses = {"none": log_loss(y_test, sure)}

# Each of two networks is calibrated on the rows that it was not trained on.
for method in ("temperature", "isotonic"):
    calibrated = CalibratedClassifierCV(network, method=method, cv=2)
    calibrated.fit(X_train, y_train)
    losses[method] = log_loss(y_test, calibrated.predict_proba(X_test)[:, 1])

for method, loss in losses.items():
    print(f"calibration {method}: log loss {loss:.3f}")
