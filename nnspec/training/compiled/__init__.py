"""A step as one straight program: recorded once, rewritten, and run without autograd's and the modules' own work.

`record` keeps the calls of torch's kernels that a batch's loss and its gradients are made of, `passes` rewrite them,
`script` runs them, and `step` is the step of a training that does so.
"""
