namespace OpsRunbook.Engine.Endpoints;

/// <summary>What a failure says about the thing that was checked.</summary>
internal static class CheckFailure
{
    /// <summary>What a check's scheduler allows beyond the check's own limit, so that the check itself says what it was waiting for.</summary>
    public static readonly TimeSpan Backstop = TimeSpan.FromSeconds(1);

    private static readonly string[] SaysNothing =
    [
        "LocalLimit", "CaFileUnreadable", "HeaderInvalid", "UrlInvalid", "AddressInvalid", "PingUnavailable", "LoginRequired", "NoPermission",
        "ClientMissing", "ClientFailed", "ToolMissing", "ToolFailed", "ProtectedMode", "Refused",
    ];

    /// <summary>
    /// Critical when the server was asked and is down or refuses; Unknown when the question never came that
    /// far, because a secret, a host or a tool on our side is missing.
    /// </summary>
    /// <param name="error">The failure.</param>
    /// <returns>Critical or Unknown.</returns>
    public static HealthStatus Status(OpsException error)
    {
        var (area, cause) = error.Id.Split('.', 2) is [var first, var second] ? (first, second) : (error.Id, string.Empty);
        return area is "Endpoint" or "Db" or "Cache" or "Certificate" && !SaysNothing.Contains(cause, StringComparer.Ordinal)
            ? HealthStatus.Critical
            : HealthStatus.Unknown;
    }
}
