namespace OpsRunbook;

/// <summary>How often something was logged, against the period before.</summary>
public enum LogChange
{
    /// <summary>About as often.</summary>
    Same,

    /// <summary>Not at all in the period before.</summary>
    New,

    /// <summary>At least twice as often.</summary>
    Risen,

    /// <summary>At most half as often.</summary>
    Fallen,

    /// <summary>In the period before only.</summary>
    Gone,
}
