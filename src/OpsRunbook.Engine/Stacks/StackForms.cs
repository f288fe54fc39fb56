using System.Globalization;
using System.Text.RegularExpressions;

namespace OpsRunbook.Engine.Stacks;

/// <summary>The forms that values of a stack file have.</summary>
internal static partial class StackForms
{
    /// <summary>What a form looks like, after "expected".</summary>
    public static string Describe(StackForm form) => form switch
    {
        StackForm.Percent => "a percentage from 0% to 100% such as 80%",
        StackForm.Seconds => "a duration such as 500ms or 2s",
        StackForm.Quantity => "a number, alone or with a unit, such as 50, 80%, 500ms or 2GB",
        StackForm.Url => "an address such as http://localhost:3000/health",
        StackForm.Endpoint => "host:port such as www.example.com:443",
        StackForm.Address => "host:port, or a port from 1 to 65535",
        StackForm.HttpStatus => "HTTP status codes such as 200, 2xx, 200-399 or 200,204",
        StackForm.Arguments => "a list with one argument per item, such as [pg_isready, -q]",
        _ => "a number",
    };

    /// <summary>Reads a number in the unit of its form: percent, seconds or bytes.</summary>
    public static bool TryReadNumber(StackForm form, string text, out double value)
    {
        switch (form)
        {
            case StackForm.Percent:
                return TryReadNumber(text.EndsWith('%') ? text[..^1].TrimEnd() : text, out value) && value is >= 0 and <= 100;
            case StackForm.Seconds:
                return TryReadSeconds(text, out value);
            case StackForm.Quantity:
                if (TryReadNumber(text.EndsWith('%') ? text[..^1].TrimEnd() : text, out value) || TryReadSeconds(text, out value))
                {
                    return true;
                }

                var isSize = text.EndsWith("B", StringComparison.OrdinalIgnoreCase) & ByteSize.TryParse(text, out var bytes);
                value = bytes;
                return isSize;
            default:
                return TryReadNumber(text, out value);
        }
    }

    /// <summary>Reads a duration that is not negative.</summary>
    public static bool TryReadDuration(string text, out TimeSpan value) => Duration.TryParse(text, out value) && value >= TimeSpan.Zero;

    /// <summary>The text has the form.</summary>
    public static bool Fits(StackForm form, string text) => form switch
    {
        StackForm.Url => Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.Host.Length > 0,
        StackForm.Endpoint => TryReadEndpoint(text, out _, out _),
        StackForm.Address => TryReadPort(text, out _) || TryReadEndpoint(text, out _, out _),
        StackForm.HttpStatus => HttpStatus().IsMatch(text),
        _ => true,
    };

    /// <summary>Reads <c>host:port</c>; an IPv6 address stands in brackets.</summary>
    public static bool TryReadEndpoint(string text, out string host, out int port)
    {
        var colon = text.LastIndexOf(':');
        host = colon > 0 ? text[..colon] : string.Empty;
        port = 0;
        if (host.StartsWith('[') && host.EndsWith(']'))
        {
            host = host[1..^1];
            return System.Net.IPAddress.TryParse(host, out _) && TryReadPort(text[(colon + 1)..], out port);
        }

        return host.Length > 0 && !host.Contains(':', StringComparison.Ordinal) && !host.Any(c => char.IsWhiteSpace(c) || c is '/' or '@')
            && TryReadPort(text[(colon + 1)..], out port);
    }

    /// <summary>Reads a TCP port.</summary>
    public static bool TryReadPort(string text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is >= 1 and <= 65535;

    private static bool TryReadNumber(string text, out double value) =>
        double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out value)
        && double.IsFinite(value);

    private static bool TryReadSeconds(string text, out double seconds)
    {
        var isDuration = TryReadDuration(text, out var duration);
        seconds = duration.TotalSeconds;
        return isDuration;
    }

    [GeneratedRegex("^ *(?:[1-5][0-9]{2}(?: *- *[1-5][0-9]{2})?|[1-5]xx)(?: *, *(?:[1-5][0-9]{2}(?: *- *[1-5][0-9]{2})?|[1-5]xx))* *$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex HttpStatus();
}
