using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Logs;

namespace OpsRunbook.Cmdlets;

/// <summary>Reads logs of whatever format as one kind of record, merged in order of time.</summary>
[Cmdlet(VerbsCommon.Get, "ServiceLog", DefaultParameterSetName = "Stack")]
[OutputType(typeof(LogRecord))]
public sealed class GetServiceLogCommand : LogFilterCmdlet
{
    /// <summary>Only so many records, the newest.</summary>
    [Parameter]
    [ValidateRange(1, 10_000_000)]
    public int Last { get; set; }

    /// <summary>Records of this level or graver. One that does not say its level is left out.</summary>
    [Parameter]
    public LogLevel Level { get; set; }

    /// <summary>Id of a request, which the record must hold as a whole word.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? CorrelationId { get; set; }

    /// <summary>So many records before and after each one that was found; with two numbers, before and after.</summary>
    [Parameter]
    [ValidateRange(0, 1000)]
    [ValidateCount(1, 2)]
    public int[] Context { get; set; } = [];

    /// <summary>Goes on with what is written, until Ctrl+C. Without -Since and -Last it begins now.</summary>
    [Parameter]
    public SwitchParameter Follow { get; set; }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        var query = Filtered() with
        {
            Last = IsBound(nameof(Last)) ? Last : null,
            Level = IsBound(nameof(Level)) && Level != LogLevel.Unknown ? Level : null,
            CorrelationId = CorrelationId,
            ContextBefore = Context.FirstOrDefault(),
            ContextAfter = Context.LastOrDefault(),
            Follow = On(Follow),
        };
        if (query.Follow && query.Until is not null)
        {
            throw Unusable("-Follow and -Until cannot be used together.", "Leave out -Until to see what comes, or -Follow to see what was.");
        }

        var reader = new LogReader(query, output);
        await WithSourcesAsync(
            query.Since,
            async sources =>
            {
                await foreach (var record in reader.ReadAsync(sources, cancellationToken))
                {
                    await output.WriteAsync(record, cancellationToken);
                }
            },
            output,
            cancellationToken);
    }
}
