using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.State;

namespace OpsRunbook.Cmdlets;

/// <summary>Lists the changes that the module made: who, when, what, how it ended.</summary>
[Cmdlet(VerbsCommon.Get, "OpsJournal")]
[OutputType(typeof(OpsJournalEntry))]
public sealed class GetOpsJournalCommand : StackCmdlet
{
    /// <summary>Targets, with wildcards. Without it: all of them.</summary>
    [Parameter(Position = 0)]
    [Alias("Target")]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>Only changes by these cmdlets, with wildcards.</summary>
    [Parameter]
    [SupportsWildcards]
    public string[] Command { get; set; } = [];

    /// <summary>Only changes by these users, with wildcards.</summary>
    [Parameter]
    [SupportsWildcards]
    public string[] User { get; set; } = [];

    /// <summary>Only changes on these hosts, with wildcards.</summary>
    [Parameter]
    [Alias("HostName")]
    [SupportsWildcards]
    public string[] TargetHost { get; set; } = [];

    /// <summary>Only changes of stacks of these names, with wildcards. Without it: of all that share the journal.</summary>
    [Parameter]
    [SupportsWildcards]
    public string[] StackName { get; set; } = [];

    /// <summary>Only changes that were made during these incidents; by id, with wildcards.</summary>
    [Parameter]
    [SupportsWildcards]
    public string[] Incident { get; set; } = [];

    /// <summary>Only changes that were made during these maintenance windows; by id, with wildcards.</summary>
    [Parameter]
    [SupportsWildcards]
    public string[] Window { get; set; } = [];

    /// <summary>Only changes that ended so.</summary>
    [Parameter]
    public JournalOutcome[] Outcome { get; set; } = [];

    /// <summary>Only changes that were forced over a guard.</summary>
    [Parameter]
    public SwitchParameter Forced { get; set; }

    /// <summary>Changes that are not older: a moment, or a duration such as 1d for so long ago.</summary>
    [Parameter]
    public object? Since { get; set; }

    /// <summary>Changes that are older: a moment, or a duration such as 1h for so long ago.</summary>
    [Parameter]
    public object? Until { get; set; }

    /// <summary>Only so many, the newest.</summary>
    [Parameter]
    [ValidateRange(1, 1_000_000)]
    public int Last { get; set; }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        await using var session = await OpenStackAsync(output, cancellationToken, discover: false);
        var changes = await JournalHistory.ReadAsync(
            session.State.Journal, LogMoment.Read(Since, nameof(Since)), LogMoment.Read(Until, nameof(Until)), output, cancellationToken);
        var wanted = changes.Where(IsWanted).ToList();
        foreach (var change in IsBound(nameof(Last)) ? wanted.TakeLast(Last) : wanted)
        {
            await output.WriteAsync(change, cancellationToken);
        }
    }

    private bool IsWanted(OpsJournalEntry change) => Fits(Name, change.Target)
        && Fits(Command, change.Command)
        && Fits(User, change.User)
        && Fits(TargetHost, change.Host)
        && Fits(StackName, change.Stack ?? string.Empty)
        && Fits(Incident, change.Incident ?? string.Empty)
        && Fits(Window, change.Window ?? string.Empty)
        && (Outcome.Length == 0 || Outcome.Contains(change.Outcome))
        && (!On(Forced) || change.Overridden.Count > 0);

    private static bool Fits(string[] patterns, string value) => patterns.Length == 0 || Array.Exists(patterns, pattern => NameFilter.Fits(pattern, value));
}
