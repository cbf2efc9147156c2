"""Partial dependence: how the mean prediction changes with a feature."""

from pathlib import Path

from sklearn.datasets import load_diabetes
from sklearn.inspection import PartialDependenceDisplay, permutation_importance
from sklearn.model_selection import train_test_split

import litmlp
from litmlp.engine.figures.style import new_figure, save

bunch = load_diabetes()
X = bunch.data
X_train, X_test, y_train, y_test = train_test_split(X, bunch.target, random_state=0)
network = litmlp.MLPRegressor(lr=3e-3, max_epochs=20).fit(X_train, y_train)

found = permutation_importance(network, X_test, y_test, n_repeats=10, random_state=0)
most = found.importances_mean.argsort()[::-1][:3]
for i in most:
    mean, std = found.importances_mean[i], found.importances_std[i]
    print(f"{bunch.feature_names[i]}: R² falls by {mean:.3f} ± {std:.3f}")

figure, panels = new_figure(1, len(most))
display = PartialDependenceDisplay.from_estimator(
    network,
    X_train,
    most.tolist(),
    feature_names=bunch.feature_names,
    kind="both",  # thin lines: single rows
    subsample=50,
    grid_resolution=20,
    random_state=0,
    ax=panels,
)
save(figure, Path("partial_dependence.png"))
