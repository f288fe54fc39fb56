namespace OpsRunbook.Engine.Cache;

/// <summary>What can be asked about a key.</summary>
[Flags]
internal enum KeyAttribute
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Its memory.</summary>
    Bytes = 1,

    /// <summary>When it expires.</summary>
    TimeToLive = 2,

    /// <summary>How long it has not been used.</summary>
    Idle = 4,

    /// <summary>Its type.</summary>
    Type = 8,

    /// <summary>All of it.</summary>
    All = Bytes | TimeToLive | Idle | Type,
}
