namespace OpsRunbook.ConsoleRunner.Binding;

/// <summary>A command with the arguments of one call.</summary>
/// <param name="command">The command.</param>
internal sealed class BoundCommand(CommandShape command)
{
    public CommandShape Command { get; } = command;

    public RunnerOptions Options { get; } = new();

    /// <summary>Values by parameter name; of a switch a Boolean, of a credential the user name.</summary>
    public Dictionary<string, object?> Values { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The parameter set in use; null when there is only one.</summary>
    public string? Set { get; set; }

    /// <summary>Mandatory parameters that only the pipeline can still give.</summary>
    public IReadOnlyList<ParameterShape> AwaitsFromPipeline { get; set; } = [];
}
