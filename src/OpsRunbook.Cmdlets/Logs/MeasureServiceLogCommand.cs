using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Logs.Measuring;

namespace OpsRunbook.Cmdlets;

/// <summary>Counts what is in logs: by message pattern, level, field or minute, also against the period before.</summary>
[Cmdlet(VerbsDiagnostic.Measure, "ServiceLog", DefaultParameterSetName = "Stack")]
[OutputType(typeof(LogMeasurement))]
public sealed class MeasureServiceLogCommand : LogFilterCmdlet
{
    /// <summary>Records of this level or graver. One that does not say its level is left out.</summary>
    [Parameter]
    public LogLevel Level { get; set; }

    /// <summary>What records are counted by.</summary>
    [Parameter]
    public LogMeasureBy By { get; set; }

    /// <summary>Name of the field for -By Field.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Field { get; set; }

    /// <summary>Only so many, the most frequent.</summary>
    [Parameter]
    [ValidateRange(1, 1_000_000)]
    public int Top { get; set; }

    /// <summary>Compares with so long a time before -Since.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan Baseline { get; set; }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        var by = Field is not null && !IsBound(nameof(By)) ? LogMeasureBy.Field : By;
        if (by == LogMeasureBy.Field != Field is not null)
        {
            throw Unusable("-By Field needs the name of the field, and no other -By does.", "Write for example -By Field -Field statusCode.");
        }

        var query = Filtered() with { Level = IsBound(nameof(Level)) && Level != LogLevel.Unknown ? Level : null };
        if (IsBound(nameof(Baseline)) && (query.Since is null || Baseline <= TimeSpan.Zero))
        {
            throw Unusable("-Baseline is the time before -Since, and needs it.", "Write for example -Since 1h -Baseline 24h.");
        }

        var request = new MeasureRequest
        {
            Query = query,
            By = by,
            Field = Field,
            Top = IsBound(nameof(Top)) ? Top : null,
            Baseline = IsBound(nameof(Baseline)) ? Baseline : null,
        };
        await WithSourcesAsync(query.Since - (request.Baseline ?? TimeSpan.Zero), sources => new ServiceLogMeasure(request, output).RunAsync(sources, cancellationToken), output, cancellationToken);
    }
}
