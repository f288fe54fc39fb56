namespace OpsRunbook;

/// <summary>Kind of document that an incident is written as.</summary>
public enum IncidentFormat
{
    /// <summary>Markdown.</summary>
    Markdown,

    /// <summary>A page that needs no other file.</summary>
    Html,
}
