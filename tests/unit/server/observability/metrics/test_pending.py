"""Values that wait for the library."""

from prometheus_client import CollectorRegistry, Counter, Histogram

from handlers.server.observability.metrics.pending import PendingCounts, PendingObservations


def test_the_library_gets_each_observation_once() -> None:
    """After `flush`, buckets, number and sum are those of the library's own `observe`."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    pending = PendingObservations(Histogram("h", "h", ("label",), buckets=(1, 2), registry=ours).labels)
    expected = Histogram("h", "h", ("label",), buckets=(1, 2), registry=theirs).labels("x")
    for value in (0.5, 1.0, 1.5, 2.0, 9.0):
        pending["x"](value)
        expected.observe(value)
    pending.flush()
    pending.flush()
    samples, wanted = ([s for f in each.collect() for s in f.samples] for each in (ours, theirs))
    assert samples == wanted


def test_the_library_gets_each_count_once() -> None:
    """After `flush`, each counter has risen by its own number."""
    registry = CollectorRegistry()
    pending = PendingCounts(Counter("c", "c", ("label",), registry=registry).labels)
    pending["x",] += 2
    pending["y",] += 1
    pending.flush()
    pending.flush()
    assert [registry.get_sample_value("c_total", {"label": label}) for label in "xy"] == [2, 1]
