using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Health.Reports;

namespace OpsRunbook.Cmdlets;

/// <summary>Turns health results into Nagios plugin output, JUnit XML or Prometheus text.</summary>
[Cmdlet(VerbsData.ConvertTo, "HealthReport")]
[OutputType(typeof(string))]
public sealed class ConvertToHealthReportCommand : OpsCmdlet
{
    private readonly List<ServiceHealth> _members = [];
    private readonly List<CheckResult> _checks = [];

    /// <summary>Results of Get-ServiceHealth or Get-HostHealth, or single checks.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    [AllowNull]
    public object? InputObject { get; set; }

    /// <summary>The format.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    public HealthReportFormat As { get; set; }

    /// <inheritdoc/>
    protected override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        switch (InputObject is PSObject wrapped ? wrapped.BaseObject : InputObject)
        {
            case ServiceHealth member:
                _members.Add(member);
                break;
            case HostHealth host:
                _members.Add(HealthReport.Member(host));
                break;
            case CheckResult check:
                _checks.Add(check);
                break;
            case var other:
                throw new OpsException(
                    "Health.InputInvalid",
                    OpsErrorKind.InvalidArgument,
                    $"{(other is null ? "Nothing" : "A " + other.GetType().Name)} is not a health result.",
                    "Pipe what Get-ServiceHealth or Get-HostHealth emits.",
                    other);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken) =>
        await output.WriteAsync(HealthReport.Write(As, [.. _members, .. HealthReport.Members(_checks)]), cancellationToken);
}
