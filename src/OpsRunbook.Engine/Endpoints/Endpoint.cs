using System.Buffers;
using System.Globalization;

namespace OpsRunbook.Engine.Endpoints;

/// <summary>Addresses as operators write them.</summary>
internal static class Endpoint
{
    private static readonly SearchValues<char> NotInAHost = SearchValues.Create(" /\\@?#");

    /// <summary>Splits <c>host:port</c>, <c>[::1]:port</c> or a host alone.</summary>
    /// <param name="text">The address.</param>
    /// <param name="defaultPort">Port when none is written; 0 when one must be.</param>
    /// <returns>Host without brackets, and port.</returns>
    /// <exception cref="OpsException"><c>Endpoint.AddressInvalid</c>.</exception>
    public static (string Host, int Port) Split(string text, int defaultPort)
    {
        ArgumentNullException.ThrowIfNull(text);
        var end = text.StartsWith('[') ? text.IndexOf(']', StringComparison.Ordinal) : -1;
        var bareV6 = end < 0 && text.Count(letter => letter == ':') > 1;
        var colon = bareV6 ? -1 : text.IndexOf(':', Math.Max(0, end));
        var host = end > 0 ? text[1..end] : colon >= 0 ? text[..colon] : text;
        var port = defaultPort;
        var valid = host.Length > 0 && !host.AsSpan().ContainsAny(NotInAHost)
            && (end < 0 || colon == end + 1 || end == text.Length - 1)
            && (colon < 0 || int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port));
        return valid && port is > 0 and <= 65535
            ? (host, port)
            : throw new OpsException(
                "Endpoint.AddressInvalid",
                OpsErrorKind.InvalidArgument,
                $"'{text}' is not an address.",
                defaultPort > 0 ? "Write it as host or host:port." : "Write it as host:port, or with a scheme such as https://, tcp://, ping://, ssh://, wss://.",
                text);
    }
}
