using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Logs;
using OpsRunbook.Engine.Logs.Loki;

namespace OpsRunbook.Cmdlets;

/// <summary>Asks Loki for log records with LogQL.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "LogQuery")]
[OutputType(typeof(LogRecord))]
public sealed class InvokeLogQueryCommand : StackCmdlet
{
    /// <summary>LogQL: a log query such as <c>{app="api"} |= "error"</c>.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    public string Query { get; set; } = string.Empty;

    /// <summary>Records that are not older: a moment, or a duration such as 1h for so long ago. Without it: one hour.</summary>
    [Parameter]
    public object? Since { get; set; }

    /// <summary>Records that are older: a moment, or a duration such as 10m for so long ago.</summary>
    [Parameter]
    public object? Until { get; set; }

    /// <summary>Only so many records, the newest.</summary>
    [Parameter]
    [ValidateRange(1, 10_000_000)]
    public int Last { get; set; }

    /// <summary>Goes on with what comes, until Ctrl+C. Without -Since and -Last it begins now.</summary>
    [Parameter]
    public SwitchParameter Follow { get; set; }

    /// <summary>Base address of Loki. Without it: the one of the stack.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Uri { get; set; }

    /// <summary>User and password for Loki, or for the proxy before it.</summary>
    [Parameter]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <summary>Tenant of a Loki that serves several (<c>X-Scope-OrgID</c>).</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Tenant { get; set; }

    /// <summary>Entries that are asked for at once.</summary>
    [Parameter]
    [ValidateRange(1, 100_000)]
    public int PageSize { get; set; } = 1000;

    /// <inheritdoc/>
    protected override async Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        var query = new LogQuery
        {
            Since = LogMoment.Read(Since, nameof(Since)),
            Until = LogMoment.Read(Until, nameof(Until)),
            Last = IsBound(nameof(Last)) ? Last : null,
            Follow = On(Follow),
        };
        if (query.Follow && query.Until is not null)
        {
            throw LogCmdlet.Unusable("-Follow and -Until cannot be used together.", "Leave out -Until to see what comes, or -Follow to see what was.");
        }

        await using var session = await OpenStackAsync(output, cancellationToken, discover: false);
        var target = LokiTarget.Of(session, Uri, Credentials(Credential), Tenant) with { PageSize = PageSize };
        await foreach (var record in new LokiSource(target, Query).ReadAsync(query, output, cancellationToken))
        {
            await output.WriteAsync(record, cancellationToken);
        }
    }
}
