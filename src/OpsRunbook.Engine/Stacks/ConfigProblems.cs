namespace OpsRunbook.Engine.Stacks;

/// <summary>What is wrong with a file, gathered so that it can be mended in one go.</summary>
internal sealed class ConfigProblems(string file)
{
    private readonly List<(int Line, int Column, string Path, OpsException Error)> _problems = [];

    /// <summary>Name of the file.</summary>
    public string File => file;

    /// <summary>The problems in the order of the file.</summary>
    public IEnumerable<(int Line, string Path, OpsException Error)> All =>
        _problems.OrderBy(problem => problem.Line).ThenBy(problem => problem.Column).Select(problem => (problem.Line, problem.Path, problem.Error));

    public bool Any => _problems.Count > 0;

    /// <summary>Notes a problem.</summary>
    /// <param name="id">Stable identifier.</param>
    /// <param name="node">Where it is.</param>
    /// <param name="path">Key path: <c>services.api.health.latency</c>.</param>
    /// <param name="message">What is wrong, without file and line.</param>
    /// <param name="next">What to do about it.</param>
    public void Add(string id, ConfigNode node, string path, string message, string? next) =>
        _problems.Add((node.Line, node.Column, path, new OpsException(id, OpsErrorKind.InvalidData, $"{file} line {node.Line}: {message}", next, file)));
}
