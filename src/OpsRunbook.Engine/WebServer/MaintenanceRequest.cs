using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace OpsRunbook.Engine.WebServer;

/// <summary>What visitors get while a site is in maintenance, and who still reaches it.</summary>
public sealed record MaintenanceRequest
{
    /// <summary>Sent as <c>Retry-After</c> unless it is said otherwise.</summary>
    public static readonly TimeSpan DefaultRetryAfter = TimeSpan.FromMinutes(10);

    // All that a path of a request usually is made of, and nothing that means something to nginx or a regular expression but the dot and the plus.
    private static readonly SearchValues<char> PathCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_.~:@+,=-");

    /// <summary>Sites by server name, with wildcards; empty for all.</summary>
    public IReadOnlyList<string> Sites { get; init; } = [];

    /// <summary>Page, a file on the web server's host; null for a plain one.</summary>
    public string? Page { get; init; }

    /// <summary>When clients may come back.</summary>
    public TimeSpan RetryAfter { get; init; } = DefaultRetryAfter;

    /// <summary>Addresses and networks that still reach the sites.</summary>
    public IReadOnlyList<string> Allow { get; init; } = [];

    /// <summary>Paths that stay open for everybody; with <c>*</c> at the end all that begin so.</summary>
    public IReadOnlyList<string> OpenPaths { get; init; } = [];

    /// <summary>Throws when the request cannot be carried out, or is more than it seems to be.</summary>
    /// <exception cref="OpsException"><c>Maintenance.ParameterInvalid</c>.</exception>
    public void Validate()
    {
        if (Page is not null && (!Page.StartsWith('/') || Page.EndsWith('/') || Page.Any(letter => letter is '$' || char.IsControl(letter))))
        {
            throw Invalid($"'{Display.Text(Page)}' cannot be the page", "Give the absolute path of a file on the web server's host, without '$'.", Page);
        }

        if (RetryAfter < TimeSpan.FromSeconds(1) || RetryAfter > TimeSpan.FromDays(365))
        {
            throw Invalid($"A Retry-After of {Duration.Format(RetryAfter)} means nothing to clients", "Give a time between a second and a year, such as 10m.", RetryAfter);
        }

        foreach (var address in Allow.Where(address => !IsNetwork(address)))
        {
            throw Invalid($"'{Display.Text(address)}' is no address or network that could be let in", "Give addresses such as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32.", address);
        }

        foreach (var path in OpenPaths.Where(path => !path.StartsWith('/') || path.TrimEnd('*') is "/" or "" || path.AsSpan(0, path.Length - (path.EndsWith('*') ? 1 : 0)).ContainsAnyExcept(PathCharacters)))
        {
            throw Invalid($"'{Display.Text(path)}' is no path that could stay open", "Give paths such as /health, or /.well-known/acme-challenge/* for all below, without a query.", path);
        }
    }

    /// <summary>The time to come back, in seconds.</summary>
    internal string RetrySeconds => ((long)Math.Ceiling(RetryAfter.TotalSeconds)).ToString(CultureInfo.InvariantCulture);

    private static bool IsNetwork(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var address = slash < 0 ? text : text[..slash];
        if (!IPAddress.TryParse(address, out var parsed) || address.Contains('%', StringComparison.Ordinal) || address.StartsWith('[')
            || (parsed.AddressFamily == AddressFamily.InterNetwork && address.Count(letter => letter == '.') != 3))
        {
            return false;
        }

        // A network of no bits is everybody, which is no maintenance at all.
        var bits = parsed.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;
        return slash < 0 || (int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var length) && length > 0 && length <= bits);
    }

    private static OpsException Invalid(string cause, string nextStep, object target) =>
        new("Maintenance.ParameterInvalid", OpsErrorKind.InvalidArgument, cause + ".", nextStep, target);
}
