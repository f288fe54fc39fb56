namespace OpsRunbook.Engine.Stacks;

/// <summary>What is wrong with a file, gathered so that it can be mended in one go.</summary>
/// <param name="file">Name of the file.</param>
/// <param name="area">First part of the identifiers: what kind of file it is.</param>
internal sealed class ConfigProblems(string file, string area = "Stack")
{
    private readonly List<(int Line, int Column, string Path, OpsException Error)> _problems = [];

    /// <summary>Name of the file.</summary>
    public string File => file;

    /// <summary>Line at which reading ended for good; null when it did not.</summary>
    public int? EndedAt { get; set; }

    /// <summary>First part of the identifiers of its failures.</summary>
    public string Area => area;

    /// <summary>The problems in the order of the file.</summary>
    public IEnumerable<(int Line, string Path, OpsException Error)> All =>
        _problems.OrderBy(problem => problem.Line).ThenBy(problem => problem.Column).Select(problem => (problem.Line, problem.Path, problem.Error));

    /// <summary>Notes a failure that ended the reading.</summary>
    public void Add(OpsException error) => _problems.Add((EndedAt ?? 0, 0, string.Empty, error));

    /// <summary>Throws the first problem, if there is one.</summary>
    /// <exception cref="OpsException">The first problem.</exception>
    public void ThrowFirst()
    {
        if (All.FirstOrDefault().Error is { } error)
        {
            throw error;
        }
    }

    /// <summary>Notes a problem.</summary>
    /// <param name="id">Stable identifier.</param>
    /// <param name="node">Where it is.</param>
    /// <param name="path">Key path: <c>services.api.health.latency</c>.</param>
    /// <param name="message">What is wrong, without file and line.</param>
    /// <param name="next">What to do about it.</param>
    public void Add(string id, ConfigNode node, string path, string message, string? next) =>
        _problems.Add((node.Line, node.Column, path, new OpsException(id, OpsErrorKind.InvalidData, $"{file} line {node.Line}: {message}", next, file)));
}
