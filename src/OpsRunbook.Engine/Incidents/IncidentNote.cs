namespace OpsRunbook.Engine.Incidents;

/// <summary>An entry that was made by hand.</summary>
internal sealed record IncidentNote(DateTime Time, IncidentEntryKind Kind, string Text, string User);
