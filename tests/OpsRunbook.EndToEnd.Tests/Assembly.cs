// The stacks share one machine, whose health is part of every answer, and its two cores.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
