namespace OpsRunbook.Engine.Incidents;

/// <summary>Failures of the commands for incidents.</summary>
internal static class IncidentErrors
{
    public static OpsException AlreadyOpen(string stack, string id) => new(
        "Incident.Open",
        OpsErrorKind.Refused,
        $"The incident {id} of the stack '{stack}' is open, and a change could not be told to belong to one of two.",
        $"Add to it with Add-IncidentEntry, or end it with Stop-Incident {id}.",
        id);

    public static OpsException NoneOpen(string stack) => new(
        "Incident.NoneOpen", OpsErrorKind.NotFound, $"The stack '{stack}' has no open incident.", "Begin one with Start-Incident, or name one of before with -Id; Get-Incident lists them.", stack);

    public static OpsException NotFound(string stack, string id) => new(
        "Incident.NotFound", OpsErrorKind.NotFound, $"The stack '{stack}' has no incident '{id}'.", "Get-Incident lists them.", id);

    public static OpsException SeverityUnknown(string stack, string severity, IReadOnlyCollection<string> scale) => new(
        "Incident.SeverityUnknown", OpsErrorKind.InvalidArgument, $"The stack '{stack}' has no severity '{severity}'.", Nearest.Suggest(severity, scale), severity);

    public static OpsException PhaseUnknown(string stack, string phase, IReadOnlyCollection<string> phases) => new(
        "Incident.PhaseUnknown", OpsErrorKind.InvalidArgument, $"The stack '{stack}' has no phase '{phase}' for incidents.", Nearest.Suggest(phase, phases), phase);

    public static OpsException TimeInFuture(DateTime time) => new(
        "Incident.TimeInFuture", OpsErrorKind.InvalidArgument, $"{Display.Moment(time)} has not come yet.", "Give the moment at which it happened.", time);

    public static OpsException NothingToAdd() => new(
        "Incident.NothingToAdd", OpsErrorKind.InvalidArgument, "There is nothing to add.", "Give a text, -Milestone, -Phase, -Severity, -Impact, -Commander or -ActionItem.");
}
