namespace OpsRunbook;

/// <summary>What <c>Measure-AccessLog</c> gives.</summary>
public enum AccessLogBy
{
    /// <summary>One object with everything.</summary>
    Total,

    /// <summary>An object for each route.</summary>
    Route,

    /// <summary>An object for each client.</summary>
    Client,

    /// <summary>An object for each stretch of time.</summary>
    Time,
}
