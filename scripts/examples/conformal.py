"""Intervals that hold in nine of ten new rows, by MAPIE: pip install mapie"""

import numpy as np
from mapie.regression import SplitConformalRegressor
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

import litmlp

X, y = load_diabetes(return_X_y=True)
X_train, X_rest, y_train, y_rest = train_test_split(X, y, test_size=0.5, random_state=0)
X_known, X_new, y_known, y_new = train_test_split(X_rest, y_rest, random_state=0)

network = litmlp.MLPRegressor(lr=3e-3, max_epochs=40).fit(X_train, y_train)
conformal = SplitConformalRegressor(network, confidence_level=0.9, prefit=True)
conformal.conformalize(X_known, y_known)  # rows that the network has not seen
predicted, intervals = conformal.predict_interval(X_new)

low, high = intervals[:, :, 0].T
coverage = float(np.mean((low <= y_new) & (y_new <= high)))
print(f"{coverage:.0%} of {len(y_new)} new rows lie in their interval")
print(f"the mean width is {np.mean(high - low):.0f}")
