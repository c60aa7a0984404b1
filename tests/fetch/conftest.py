from support.downloads import body, cache, graph, model_of, patience, server, tarball, tarball_of

__all__ = ["body", "cache", "graph", "model_of", "patience", "server", "tarball", "tarball_of"]
