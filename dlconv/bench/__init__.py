"""What artifacts and conversions cost: milliseconds, memory and bytes.

``benchmark`` measures artifacts in the runtimes that verify uses, all of them in one run, so that
the ratios between them are valid even on a busy machine. Two modules are programs of their own:
``conversion`` measures converters as whole processes, ``page`` what a frame costs in a page.
"""
