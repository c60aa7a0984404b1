"""Operations between image operations that work as well on values with channels last.

Each rule adds the node for such an input and returns True, or adds nothing and returns False: the
node then gets its inputs in their own order.
"""

from collections.abc import Callable, Sequence

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.convert.targets.axes import to_first, to_last
from dlconv.convert.targets.tfjs.prepare.orders import Orders
from dlconv.graph.contract import element_type
from dlconv.graph.graph import attribute, copy_of

Rule = Callable[[Orders, NodeDef], bool]
# Images and volumes: fewer axes have no channels that a Transpose moves for sure.
_MOVED_RANKS = (4, 5)


def carry(orders: Orders, node: NodeDef) -> bool:
    """Add a node on inputs with channels last; False if it has none or does not work on them."""
    rule = _RULES.get(node.op)
    return rule is not None and bool(orders.graph.sources(node)) and rule(orders, node)


def _first_alone(orders: Orders, node: NodeDef) -> bool:
    others = range(1, len(orders.graph.sources(node)))
    rank = _moved_rank(orders, node, 0)
    if rank is None or any(orders.rank(node, index) != 0 for index in others):
        return False
    inputs = [orders.last(node, 0), *(orders.own(node, index) for index in others)]
    orders.move(node, inputs, rank)
    return True


def _moved_rank(orders: Orders, node: NodeDef, index: int) -> int | None:
    """Return the rank of an input that has channels last, None for another."""
    return orders.rank(node, index) if orders.is_moved(node, index) else None


def _broadcast(orders: Orders, node: NodeDef) -> bool:
    count = range(len(orders.graph.sources(node)))
    ranks = [orders.rank(node, index) for index in count]
    moved = [_moved_rank(orders, node, index) for index in count]
    known = [rank for rank in ranks if rank is not None]
    if len(known) < len(ranks) or max(known) not in moved:
        return False
    if node.op in _OF_ONE_SHAPE and len({*known}) > 1:
        return False
    rank = max(known)
    orders.move(node, [orders.aligned(node, index, rank) for index in count], rank)
    return True


def _joined(orders: Orders, node: NodeDef) -> bool:
    count = len(orders.graph.sources(node))
    at, inputs = (0, range(1, count)) if node.op == "Concat" else (count - 1, range(count - 1))
    axes = _axes(orders, node, at)
    ranks = {orders.rank(node, index) for index in inputs}
    if axes is None or len(ranks) != 1 or not any(orders.is_moved(node, k) for k in inputs):
        return False
    (rank,) = ranks
    if rank is None:
        return False
    tensors = [orders.last(node, index) for index in inputs]
    tensors.insert(at, orders.constant(node, _moved_axes(orders, node, at, rank)))
    orders.move(node, tensors, rank)
    return True


def _axes(orders: Orders, node: NodeDef, index: int) -> np.ndarray | None:
    return orders.graph.constant(orders.graph.producer(node, index))


def _moved_axes(orders: Orders, node: NodeDef, index: int, rank: int) -> np.ndarray:
    """Return constant axes as they are with channels last, in the shape and type that they have."""
    axes = _axes(orders, node, index)
    assert axes is not None
    moved = [to_last(rank).index(int(axis) % rank) for axis in axes.ravel()]
    return np.array(moved, axes.dtype).reshape(axes.shape)


def _by_axis(*vectors: int) -> Rule:
    """Return the rule for operations whose inputs ``vectors`` have an element for each axis."""

    def rule(orders: Orders, node: NodeDef) -> bool:
        rank = _moved_rank(orders, node, 0)
        others = [k for k in range(1, len(orders.graph.sources(node))) if k not in vectors]
        if rank is None or any(orders.rank(node, index) != 0 for index in others):
            return False
        inputs = [
            orders.vector(node, index, rank) if index in vectors else orders.own(node, index)
            for index in range(1, len(orders.graph.sources(node)))
        ]
        orders.move(node, [orders.last(node, 0), *inputs], rank)
        return True

    return rule


def _along_axes(orders: Orders, node: NodeDef) -> bool:
    """Add an operation along constant axes that keeps all axes."""
    rank = _moved_rank(orders, node, 0)
    if rank is None or _axes(orders, node, 1) is None:
        return False
    axes = orders.constant(node, _moved_axes(orders, node, 1, rank))
    orders.move(node, [orders.last(node, 0), axes], rank)
    return True


def _reduced(orders: Orders, node: NodeDef) -> bool:
    if attribute(node, "keep_dims").b:
        return _along_axes(orders, node)
    rank = _moved_rank(orders, node, 0)
    if rank is None or _axes(orders, node, 1) is None:
        return False
    axes = _moved_axes(orders, node, 1, rank)
    if not _leaves_order(axes.ravel().tolist(), rank):
        return False
    orders.keep(node, [orders.last(node, 0), orders.constant(node, axes)])
    return True


def _leaves_order(gone: Sequence[int], rank: int) -> bool:
    """Tell whether the axes that are left, of those with channels last, are in their own order."""
    left = [axis for place, axis in enumerate(to_last(rank)) if place not in gone]
    return left == sorted(left)


def _squeezed(orders: Orders, node: NodeDef) -> bool:
    rank, axes = _moved_rank(orders, node, 0), list(attribute(node, "squeeze_dims").list.i)
    if rank is None or not axes:
        return False
    moved = sorted(to_last(rank).index(axis % rank) for axis in axes)
    if not _leaves_order(moved, rank):
        return False
    made = copy_of(node)
    del made.attr["squeeze_dims"].list.i[:]
    made.attr["squeeze_dims"].list.i.extend(moved)
    orders.keep(made, [orders.last(node, 0)])
    return True


def _split(orders: Orders, node: NodeDef) -> bool:
    at, image = (0, 1) if node.op == "Split" else (2, 0)
    rank = _moved_rank(orders, node, image)
    if rank is None or _axes(orders, node, at) is None:
        return False
    axis = orders.constant(node, _moved_axes(orders, node, at, rank))
    rest = [] if node.op == "Split" else [orders.own(node, 1)]
    inputs = [axis, orders.last(node, 1)] if node.op == "Split" else [orders.last(node, 0), *rest]
    if node.op == "SplitV":
        inputs.append(axis)
    orders.move(node, inputs, rank, ports=attribute(node, "num_split").i)
    return True


def _strided(orders: Orders, node: NodeDef) -> bool:
    rank = _moved_rank(orders, node, 0)
    bounds = [_axes(orders, node, index) for index in (1, 2, 3)]
    masks = ("ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
    if rank is None or any(attribute(node, mask).i for mask in masks):
        return False
    known = [bound for bound in bounds if bound is not None]
    if len(known) < 3 or any(bound.size > rank for bound in known):
        return False
    given, order = known[0].size, to_last(rank)
    fills = ([fill] * (rank - given) for fill in (0, 0, 1))
    whole = [bound.tolist() + fill for bound, fill in zip(known, fills, strict=True)]
    tensors = [
        orders.constant(node, np.array([bound[axis] for axis in order], known[0].dtype))
        for bound in whole
    ]
    rest = sum(1 << axis for axis in range(given, rank))
    numbers = {
        mask: _in_order(attribute(node, mask).i & ~rest | rest, order)
        for mask in ("begin_mask", "end_mask")
    }
    orders.move(node, [orders.last(node, 0), *tensors], rank, numbers=numbers)
    return True


def _in_order(mask: int, order: Sequence[int]) -> int:
    """Return a mask with a bit for each axis in another order of the axes."""
    return sum((mask >> axis & 1) << place for place, axis in enumerate(order))


def _transposed(orders: Orders, node: NodeDef) -> bool:
    rank, order = orders.rank(node, 0), _axes(orders, node, 1)
    if order is None or rank != order.size:
        return False
    axes = [int(axis) % rank for axis in order]
    if not orders.is_moved(node, 0):
        is_image = rank in _MOVED_RANKS and axes == list(to_first(rank))
        if is_image:
            orders.hold_last(node, orders.own(node, 0), rank)
        return is_image
    places = [to_last(rank).index(axis) for axis in axes]
    if places == list(range(rank)):
        orders.hold_own(node, orders.last(node, 0), rank)
    else:
        moved = orders.constant(node, np.array(places, order.dtype))
        orders.keep(node, [orders.last(node, 0), moved])
    return True


def _shape(orders: Orders, node: NodeDef) -> bool:
    rank = _moved_rank(orders, node, 0)
    if rank is None:
        return False
    name = orders.free(f"{node.name}/channels_last")
    made = copy_of(node, name=name, inputs=[orders.last(node, 0)])
    order = np.array(to_first(rank), np.int32)
    orders.gathered(node, orders.add(made), order, element_type(node), node.name)
    return True


def _counted(orders: Orders, node: NodeDef) -> bool:
    if not orders.is_moved(node, 0):
        return False
    orders.keep(node, [orders.last(node, 0)])
    return True


def _rules(rule: Rule, ops: str) -> dict[str, Rule]:
    return dict.fromkeys(ops.split(), rule)


_OF_ONE_SHAPE = frozenset({"Select", "AddN"})

_RULES: dict[str, Rule] = {
    **_rules(
        _first_alone,
        "Abs Acos Acosh Asin Asinh Atan Atanh Cast Ceil CheckNumerics ClipByValue Cos Cosh Elu Erf"
        " Erfc Exp Expm1 FakeQuantWithMinMaxArgs FakeQuantWithMinMaxVars Floor Identity Inv"
        " IsFinite IsInf IsNan LeakyRelu Log Log1p LogicalNot Neg OnesLike PreventGradient Print"
        " Reciprocal Relu Relu6 Rint Round Rsqrt Selu Sigmoid Sign Sin Sinh Snapshot Softplus"
        " Softsign Sqrt Square StopGradient Tan Tanh ZerosLike",
    ),
    **_rules(
        _broadcast,
        "Add AddN AddV2 Atan2 BitwiseAnd BitwiseOr BitwiseXor Div DivNoNan Equal FloorDiv FloorMod"
        " Greater GreaterEqual Less LessEqual LogicalAnd LogicalOr Maximum Minimum Mod Mul MulNoNan"
        " NotEqual Pow RealDiv Select SelectV2 SquaredDifference Sub TruncateDiv TruncateMod Xdivy"
        " Xlogy",
    ),
    **_rules(_joined, "Concat ConcatV2"),
    **_rules(_by_axis(1), "MirrorPad Pad PadV2 Tile"),
    **_rules(_by_axis(1, 2), "Slice"),
    **_rules(_along_axes, "Cumprod Cumsum ReverseV2"),
    **_rules(_reduced, "All Any ArgMax ArgMin Max Mean Min Prod Sum"),
    **_rules(_split, "Split SplitV"),
    **_rules(_counted, "Rank Size"),
    "Shape": _shape,
    "Squeeze": _squeezed,
    "StridedSlice": _strided,
    "Transpose": _transposed,
}
