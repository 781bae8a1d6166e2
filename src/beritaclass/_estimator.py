"""scikit-learn's estimator contract without scikit-learn: importing `sklearn.base` costs a second and 150 MB.

A tagger that only predicts must start at once, so the estimators here follow the contract by its letter
(https://scikit-learn.org/stable/developers/develop.html) instead of inheriting from `BaseEstimator`.
"""

from __future__ import annotations

import inspect
from typing import Any, Self


class Estimator:
    """Parameters that `clone`, `Pipeline` and `GridSearchCV` can read and set."""

    @classmethod
    def _parameter_names(cls) -> list[str]:
        return [name for name in inspect.signature(cls).parameters if name != "self"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name.

        Parameters
        ----------
        deep : bool, default True
            Whether to return those of nested estimators too, as 'outer__inner'.

        Returns
        -------
        dict of str to object
        """
        params = {name: getattr(self, name) for name in self._parameter_names()}
        if deep:
            for name, value in list(params.items()):
                if isinstance(value, Estimator):
                    params |= {f"{name}__{inner}": v for inner, v in value.get_params().items()}
        return params

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name, 'outer__inner' those of a nested estimator.

        Parameters
        ----------
        **params : object
            The new values; they are checked when the estimator is fitted.

        Returns
        -------
        self : Estimator

        Raises
        ------
        ValueError
            If there is no parameter of that name.
        """
        known = self._parameter_names()
        for key, value in params.items():
            name, _, inner = key.partition("__")
            if name not in known:
                raise ValueError(
                    f"Invalid parameter {name!r} for estimator {type(self).__name__}; it has {', '.join(known)}"
                )
            if inner:
                getattr(self, name).set_params(**{inner: value})
            else:
                setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self)).parameters
        changed = (
            f"{name}={value!r}"
            for name, value in self.get_params(deep=False).items()
            if value is not defaults[name].default and value != defaults[name].default
        )
        return f"{type(self).__name__}({', '.join(changed)})"

    def __sklearn_is_fitted__(self) -> bool:
        return any(name.endswith("_") and not name.startswith("_") for name in vars(self))

    def _check_fitted(self) -> None:
        if not self.__sklearn_is_fitted__():
            from sklearn.exceptions import NotFittedError

            raise NotFittedError(
                f"This {type(self).__name__} instance is not fitted yet: call 'fit' before using it, "
                "or take a trained one with beritaclass.load()"
            )
