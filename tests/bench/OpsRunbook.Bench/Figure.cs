namespace OpsRunbook.Bench;

/// <summary>A row of docs/benchmarks.md.</summary>
/// <param name="Work">What was done.</param>
/// <param name="Peer">What it is compared with.</param>
/// <param name="Goal">What is to be reached.</param>
/// <param name="Ours">Our reading.</param>
/// <param name="Theirs">The peer's reading.</param>
/// <param name="Ratio">The comparison.</param>
/// <param name="Reached">The goal is reached.</param>
internal sealed record Figure(string Work, string Peer, string Goal, string Ours, string Theirs, string Ratio, bool Reached)
{
    public override string ToString() => $"| {Work} | {Peer} | {Goal} | {Ours} | {Theirs} | {Ratio} | {(Reached ? "yes" : "**no**")} |";
}
