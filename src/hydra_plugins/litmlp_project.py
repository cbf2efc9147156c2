"""The search path of litmlp's own commands: a project's options come first."""

from hydra.core.config_search_path import ConfigSearchPath
from hydra.plugins.search_path_plugin import SearchPathPlugin

from litmlp.engine import option_folders


class ProjectSearchPath(SearchPathPlugin):
    """Puts ``conf/`` of the working folder's project before the engine's.

    Hydra also calls it for other applications in the same environment, whose search
    path does not hold the engine's options.
    """

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        conf = str(option_folders.CONF)
        if any(each.path == conf for each in search_path.get_path()):
            own = option_folders.own_folder()
            if own is not None:
                search_path.prepend("litmlp-project", f"file://{own}", anchor="main")
