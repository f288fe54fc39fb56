using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Incidents;

namespace OpsRunbook.Cmdlets;

/// <summary>Says whom to call now, for a severity and the time since the incident began.</summary>
[Cmdlet(VerbsCommon.Get, "Escalation", DefaultParameterSetName = "Elapsed")]
[OutputType(typeof(EscalationContact))]
public sealed class GetEscalationCommand : StackCmdlet
{
    /// <summary>Severity of the stack's own scale: <c>P1</c>, <c>SEV2</c>, <c>Critical</c>.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string Severity { get; set; } = string.Empty;

    /// <summary>Time since the incident began. Without it: it begins now.</summary>
    [Parameter(Position = 1, ParameterSetName = "Elapsed")]
    [DurationTransform]
    public TimeSpan Elapsed { get; set; }

    /// <summary>When the incident began.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Since", ValueFromPipelineByPropertyName = true)]
    [Alias("Started")]
    public object? Since { get; set; }

    /// <summary>Who is called at this moment, for the rotation of another week. Without it: now.</summary>
    [Parameter]
    public object? At { get; set; }

    /// <summary>Only whom to call now.</summary>
    [Parameter]
    public SwitchParameter Due { get; set; }

    /// <inheritdoc/>
    protected override async Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (Elapsed < TimeSpan.Zero)
        {
            throw new OpsException("Parameter.OutOfRange", OpsErrorKind.InvalidArgument, "-Elapsed cannot be negative.", "Write for example 20m.", Elapsed);
        }

        await using var session = await OpenStackAsync(output, cancellationToken, discover: false);
        var now = LogMoment.Read(At, nameof(At)) is { } moment ? new DateTimeOffset(moment).ToLocalTime() : DateTimeOffset.Now;
        var started = LogMoment.Read(Since, nameof(Since)) is { } since ? new DateTimeOffset(since).ToLocalTime() : now - Elapsed;
        foreach (var contact in Escalation.For(session.Stack, Severity, started, now).Where(contact => !On(Due) || contact.State == EscalationState.Due))
        {
            await output.WriteAsync(contact, cancellationToken);
        }
    }
}
