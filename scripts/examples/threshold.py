"""A tuned decision threshold: the probability from which a rare class is predicted."""

from sklearn.datasets import make_classification
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import TunedThresholdClassifierCV, train_test_split

import litmlp

X, y = make_classification(2000, weights=[0.93], class_sep=0.7, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0, stratify=y)

network = litmlp.MLPClassifier(hidden_sizes=[16], lr=1e-2, max_epochs=8)
tuned = TunedThresholdClassifierCV(network, scoring="balanced_accuracy", cv=5)
tuned.fit(X_train, y_train)

probabilities = tuned.predict_proba(X_test)[:, 1]
thresholds = {"one half": 0.5, "tuned": tuned.best_threshold_}
scores = {
    name: balanced_accuracy_score(y_test, probabilities >= threshold)
    for name, threshold in thresholds.items()
}
for name, threshold in thresholds.items():
    print(f"{name}: {threshold:.2f}, balanced accuracy {scores[name]:.3f}")
