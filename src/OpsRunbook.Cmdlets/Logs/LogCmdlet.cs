using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Logs;

namespace OpsRunbook.Cmdlets;

/// <summary>A cmdlet that reads logs: of members of a stack, or files.</summary>
public abstract class LogCmdlet : StackCmdlet
{
    private readonly List<string> _names = [];

    /// <summary>Members of the stack, with wildcards. Without it: every member whose logs the stack knows.</summary>
    [Parameter(Position = 0, ParameterSetName = "Stack", ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(StackMemberCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>Files, folders, and patterns. Files that are packed with gzip are unpacked.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Path")]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Path { get; set; } = [];

    /// <summary>Records that are not older: a moment, or a duration such as 1h for so long ago.</summary>
    [Parameter]
    public object? Since { get; set; }

    /// <summary>Records that are older: a moment, or a duration such as 10m for so long ago.</summary>
    [Parameter]
    public object? Until { get; set; }

    /// <summary>IANA name of the zone of times that do not say theirs. Without it: the zone of the machine that a file is on.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? TimeZone { get; set; }

    /// <summary>The members that were asked for; none for all.</summary>
    private protected IReadOnlyList<string> Names => _names;

    /// <inheritdoc/>
    protected override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        _names.AddRange(Name);
        return Task.CompletedTask;
    }

    /// <summary>The time range that was asked for.</summary>
    /// <returns>A query with nothing else in it.</returns>
    private protected LogQuery Range()
    {
        var query = new LogQuery { Since = LogMoment.Read(Since, nameof(Since)), Until = LogMoment.Read(Until, nameof(Until)), Zone = Zone() };
        return query.Since is { } since && query.Until is { } until && since >= until
            ? throw Unusable($"-Since {Display.Moment(since)} is not before -Until {Display.Moment(until)}.", "Give the earlier moment to -Since.")
            : query;
    }

    /// <summary>Opens the logs and works on them.</summary>
    /// <param name="since">Beginning of the time range, UTC: rotated files that reach into it belong to the logs; null for none.</param>
    /// <param name="work">The work.</param>
    /// <param name="output">Takes errors for logs that cannot be found.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task that ends with the work.</returns>
    private protected async Task WithSourcesAsync(DateTime? since, Func<IReadOnlyList<ILogSource>, Task> work, IOperationOutput output, CancellationToken cancellationToken)
    {
        if (Path.Length > 0)
        {
            await work(LogSelection.OfPaths(Path, WorkingDirectory, output, since));
            return;
        }

        await using var session = await OpenStackAsync(output, cancellationToken);
        await work(await LogSelection.OfMembersAsync(session, _names, output, since, cancellationToken));
    }

    private TimeZoneInfo? Zone() => TimeZone is null ? null
        : TimeZoneInfo.TryFindSystemTimeZoneById(TimeZone, out var zone) ? zone
        : throw new OpsException(
            "Log.TimeZoneUnknown",
            OpsErrorKind.InvalidArgument,
            $"-TimeZone '{TimeZone}' is no time zone of this machine.",
            "Write a name such as Europe/Berlin or UTC; other zones than UTC need the package tzdata.",
            TimeZone);

    /// <summary>A call that makes no sense.</summary>
    internal static OpsException Unusable(string message, string nextStep) => new("Log.ParameterInvalid", OpsErrorKind.InvalidArgument, message, nextStep);
}
