namespace OpsRunbook.Engine.Endpoints;

/// <summary>The failures of reaching an endpoint, with the same identifiers wherever they arise.</summary>
internal static class EndpointErrors
{
    /// <summary><c>host:port</c>, with brackets around an IPv6 address.</summary>
    public static string HostPort(string address, int port) =>
        address.Contains(':', StringComparison.Ordinal) && !address.StartsWith('[') ? $"[{address}]:{port}" : $"{address}:{port}";

    public static OpsException NameUnknown(string name, Exception? inner = null) => new(
        "Endpoint.NameUnknown",
        OpsErrorKind.NotFound,
        $"The name '{name}' cannot be resolved.",
        "Check its spelling, or give an address.",
        name,
        inner);

    public static OpsException Timeout(string target, TimeSpan timeout, string waitingFor) => new(
        "Endpoint.Timeout",
        OpsErrorKind.Timeout,
        $"{target} did not {waitingFor} within {Duration.Format(timeout)}.",
        "Check firewalls and the load of the server, or allow more time with -Timeout.",
        target);

    public static OpsException ProtocolError(string target, string what, Exception? inner = null) => new(
        "Endpoint.ProtocolError",
        OpsErrorKind.InvalidData,
        $"{target} {what}.",
        "Check that the port belongs to the expected service.",
        target,
        inner);
}
