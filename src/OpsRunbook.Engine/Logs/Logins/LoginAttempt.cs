using System.Net;

namespace OpsRunbook.Engine.Logs.Logins;

/// <summary>A failed login as a record tells it.</summary>
/// <param name="Address">Address it came from; null when the record does not say it beyond doubt.</param>
/// <param name="Account">Account that was tried; null when the record does not say it.</param>
/// <param name="Connection">Connection that several records may tell of; null when each record is an attempt of its own.</param>
/// <param name="IsCertain">It is an attempt for sure; otherwise it counts only when no other record of its connection does.</param>
internal sealed record LoginAttempt(string? Address, string? Account, string? Connection = null, bool IsCertain = true)
{
    /// <summary>An address in its usual form.</summary>
    /// <param name="text">Text where an address should stand, perhaps with a zone.</param>
    /// <returns>Null when it is none: a host name may have been chosen by whoever owns the address.</returns>
    public static string? Parse(string? text)
    {
        if (text is null || text.AsSpan().IndexOfAny('.', ':') < 0 || !IPAddress.TryParse(text, out var address))
        {
            return null;
        }

        // "1.2" is an address to the parser too.
        return address.IsIPv4MappedToIPv6 ? address.MapToIPv4().ToString()
            : address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork && text.Count(letter => letter == '.') != 3 ? null
            : address.ToString();
    }
}
