using System.Globalization;

namespace OpsRunbook.Engine.Hosts;

/// <summary>An SSH destination as the stack file names it.</summary>
/// <param name="Host"><c>[user@]host</c> or an alias, as the client takes it.</param>
/// <param name="Port">Port; null leaves it to the client's configuration.</param>
internal sealed record SshDestination(string Host, int? Port)
{
    private static readonly System.Buffers.SearchValues<char> Forbidden = System.Buffers.SearchValues.Create(" \t\r\n\0'\"`$\\;&|<>(){}*?!");

    /// <summary>Reads <c>[user@]host[:port]</c>, an alias, or <c>ssh://…</c>.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The destination.</returns>
    /// <exception cref="OpsException"><c>Host.DestinationInvalid</c>.</exception>
    public static SshDestination Parse(string text)
    {
        const string scheme = "ssh://";
        var rest = text.StartsWith(scheme, StringComparison.OrdinalIgnoreCase) ? text[scheme.Length..].TrimEnd('/') : text;
        var at = rest.LastIndexOf('@') + 1;
        var (user, host) = (rest[..at], rest[at..]);
        int? port = null;
        var colon = host.LastIndexOf(':');

        // More than one colon is an IPv6 address, whose port stands behind brackets.
        if (colon >= 0 && (host.IndexOf(':', StringComparison.Ordinal) == colon || host[colon - 1] == ']'))
        {
            port = int.TryParse(host.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and < 65536
                ? number
                : throw Invalid(text);
            host = host[..colon];
        }

        if (host is ['[', .. var inner, ']'])
        {
            host = inner;
        }

        // A leading dash would be an option of the client, and a shell may be started with user and host (ProxyCommand).
        if (host.Length == 0 || host[0] == '-' || user.StartsWith('-') || (user + host).AsSpan().ContainsAny(Forbidden))
        {
            throw Invalid(text);
        }

        return new SshDestination(user + host, port);
    }

    private static OpsException Invalid(string text) => new(
        "Host.DestinationInvalid",
        OpsErrorKind.InvalidArgument,
        $"'{text}' is not an SSH destination.",
        "Write [user@]host, [user@]host:port, or an alias of your ssh_config.",
        text);
}
