using System.Globalization;
using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Databases;

namespace OpsRunbook.Cmdlets;

/// <summary>Has a database server write slow queries to its log, or no longer.</summary>
[Cmdlet(VerbsCommon.Set, "DbSlowQueryLog", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium, DefaultParameterSetName = "On")]
[OutputType(typeof(DbSettingChange), typeof(OpsPlanStep))]
public sealed class SetDbSlowQueryLogCommand : DbSettingCmdlet
{
    private static readonly TimeSpan DefaultThreshold = TimeSpan.FromSeconds(1);

    /// <summary>What takes longer is written.</summary>
    [Parameter(ParameterSetName = "On", Position = 1)]
    [DurationTransform]
    public TimeSpan Threshold { get; set; }

    /// <summary>The old values come back after this time; the command lasts as long.</summary>
    [Parameter(ParameterSetName = "On")]
    [DurationTransform]
    public TimeSpan For { get; set; }

    /// <summary>Nothing is written any more.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Off")]
    public SwitchParameter Off { get; set; }

    private protected override TimeSpan? Lasts => IsBound(nameof(For)) ? For : null;

    private protected override IReadOnlyList<(string Name, string? Value)> Values(DatabaseMember member)
    {
        RequirePositive(For);
        var threshold = IsBound(nameof(Threshold)) ? Threshold : member.Definition.SlowQuery ?? DefaultThreshold;
        var off = On(Off);
        return member.Definition.Engine == DatabaseEngine.Postgres
            ? [("log_min_duration_statement", off ? "-1" : Number(Math.Ceiling(threshold.TotalMilliseconds)))]
            : off ? [("slow_query_log", "OFF")]
            : [("long_query_time", Number(threshold.TotalSeconds)), ("slow_query_log", "ON")];
    }

    // PostgreSQL takes whole milliseconds, the others seconds down to the microsecond.
    private static string Number(double value) => Math.Round(value, 6).ToString("0.######", CultureInfo.InvariantCulture);
}
