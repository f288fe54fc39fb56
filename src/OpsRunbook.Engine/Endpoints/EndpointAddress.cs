namespace OpsRunbook.Engine.Endpoints;

/// <summary>What is tested and how, read from an address as operators write it.</summary>
/// <param name="Kind">How it is tested.</param>
/// <param name="Host">Name or address.</param>
/// <param name="Port">TCP port; 0 for a ping.</param>
/// <param name="Url">The whole address of an HTTP or WebSocket endpoint; null for the others.</param>
/// <param name="Text">The address for messages, without a password.</param>
internal sealed record EndpointAddress(EndpointKind Kind, string Host, int Port, Uri? Url, string Text)
{
    private const string SchemeEnd = "://";

    /// <summary>Reads an address.</summary>
    /// <param name="text"><c>https://host/path</c>, <c>tcp://host:port</c>, <c>host:port</c>, <c>tls://host</c>, <c>ping://host</c>, <c>ssh://host</c>, <c>wss://host/path</c>.</param>
    /// <returns>What is tested.</returns>
    /// <exception cref="OpsException"><c>Endpoint.AddressInvalid</c>.</exception>
    public static EndpointAddress Parse(string text)
    {
        text = text.Trim();
        var at = text.IndexOf(SchemeEnd, StringComparison.Ordinal);
        if (at < 0)
        {
            return Plain(EndpointKind.Tcp, text, 0, text);
        }

        var rest = text[(at + SchemeEnd.Length)..].TrimEnd('/');
        return text[..at].ToLowerInvariant() switch
        {
            "http" or "https" => Web(EndpointKind.Http, text),
            "ws" or "wss" => Web(EndpointKind.WebSocket, text),
            "tcp" => Plain(EndpointKind.Tcp, rest, 0, text),
            "tls" => Plain(EndpointKind.Tls, rest, 443, text),
            "ssh" => Plain(EndpointKind.Ssh, rest[(rest.IndexOf('@', StringComparison.Ordinal) + 1)..], 22, text),
            "ping" => Plain(EndpointKind.Ping, rest, 1, text) with { Port = 0 },
            _ => throw Invalid(text),
        };
    }

    private static EndpointAddress Plain(EndpointKind kind, string rest, int defaultPort, string text)
    {
        var (host, port) = Endpoint.Split(rest, defaultPort);
        return new EndpointAddress(kind, host, port, null, text);
    }

    private static EndpointAddress Web(EndpointKind kind, string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Host.Length > 0
            ? new EndpointAddress(kind, url.IdnHost, url.Port, url, HttpProbe.Shown(url))
            : throw Invalid(text.Contains('@', StringComparison.Ordinal) ? text[..text.IndexOf(SchemeEnd, StringComparison.Ordinal)] + "://…" : text);

    private static OpsException Invalid(string text) => new(
        "Endpoint.AddressInvalid",
        OpsErrorKind.InvalidArgument,
        $"'{text}' is not an address that can be tested.",
        "Write it as https://host/path, tcp://host:port, host:port, tls://host, ping://host, ssh://host or wss://host/path.",
        text);
}
