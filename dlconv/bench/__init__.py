"""What artifacts and conversions cost: milliseconds, memory and bytes.

``benchmark`` measures artifacts in the runtimes that verify uses, all of them in one run, so that
the ratios between them hold on a machine that others use, too. ``conversion``, a program of its
own, measures converters as whole processes.
"""
