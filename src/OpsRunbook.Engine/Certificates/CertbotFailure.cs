using System.Text.RegularExpressions;

namespace OpsRunbook.Engine.Certificates;

/// <summary>Why certbot did not renew a certificate.</summary>
/// <param name="Id">Stable identifier: <c>Certificate.RenewalRateLimited</c>.</param>
/// <param name="Kind">Kind of failure.</param>
/// <param name="Cause">The cause as a clause, with certbot's own words.</param>
/// <param name="NextStep">What to do about it.</param>
internal sealed partial record CertbotFailure(string Id, OpsErrorKind Kind, string Cause, string NextStep)
{
    private const int Longest = 300;
    private const string Again = "Afterwards try with -DryRun first: failures count towards the authority's limits.";

    // In this order: what is said by certbot itself, then by the server about us, and at last what went wrong on the way to it.
    private static readonly Rule[] Rules =
    [
        new("RenewalBusy", OpsErrorKind.Refused, "another certbot runs", "Wait until it has ended; a run of its timer may wait for minutes before it begins.", "Another instance of Certbot is already running"),
        new("RenewalForbidden", OpsErrorKind.PermissionDenied, "this user may not use certbot's folders, or its port", "Run it as root.", "Either run as root", "you don't have the appropriate permissions", "[Errno 13]"),
        new("RenewalDiskFull", OpsErrorKind.OperationFailed, "a disk is full", "Make room: Find-LargeFile.", "No space left on device"),
        new("RenewalMissing", OpsErrorKind.NotFound, "certbot does not know the lineage", "See what there is: certbot certificates.", "No certificate found with name"),
        new("RenewalConfigInvalid", OpsErrorKind.InvalidData, "certbot cannot use its renewal configuration", "Mend the file that it names, or issue the certificate once more: certbot certonly --cert-name NAME.", "Renewal configuration file"),
        new("RenewalPluginMissing", OpsErrorKind.NotInstalled, "a plugin of certbot is missing", "Install it, such as python3-certbot-nginx.", "plugin does not appear to be installed", "plugin is not working", "Could not choose appropriate plugin"),
        new("RenewalPortBusy", OpsErrorKind.OperationFailed, "another program uses the port on which certbot would answer", "Have the web server answer (authenticator webroot or nginx), or stop it by a pre-hook.", "Could not bind TCP port", "Problem binding to port"),
        new("RenewalRateLimited", OpsErrorKind.Refused, "the authority's limit is reached", "Wait until then: neither --force-renewal nor another attempt helps, and each counts.", "rateLimited", "too many certificates", "too many failed authorizations", "too many new orders"),
        new("RenewalAccount", OpsErrorKind.PermissionDenied, "the authority does not accept certbot's account", "Register again (certbot register), and name the new account in the renewal configuration.", "accountDoesNotExist", "externalAccountRequired", "userActionRequired", "Account is not valid", "has status \"deactivated\"", "Account at"),
        new("RenewalNonce", OpsErrorKind.OperationFailed, "the authority refused certbot's nonces again and again", "Try again in a minute; a proxy between may hold back what must not be held back.", "badNonce", "invalid anti-replay nonce"),
        new("RenewalRejected", OpsErrorKind.Refused, "the authority does not issue certificates for these names", "Issue the certificate once more without them: certbot certonly --cert-name NAME -d NAME.", "rejectedIdentifier", "unsupportedIdentifier"),
        new("RenewalClock", OpsErrorKind.OperationFailed, "the authority's own certificate is not valid by this host's clock", "Check the clock: timedatectl.", "certificate is not yet valid", "certificate has expired"),
        new("RenewalServerUntrusted", OpsErrorKind.Connection, "the host does not trust the authority's server", "Bring ca-certificates up to date; see whether a proxy looks into the connection.", "CERTIFICATE_VERIFY_FAILED", "certificate verify failed"),
    ];

    private static readonly Rule[] ChallengeRules =
    [
        new("RenewalDns", OpsErrorKind.OperationFailed, "the name does not resolve for the authority", "Check the record: Test-DnsRecord NAME. " + Again, "Type: dns", "DNS problem", "could not resolve", "NXDOMAIN", "SERVFAIL", "no valid A records", "No valid IP addresses"),
        new("RenewalCaa", OpsErrorKind.Refused, "a CAA record forbids this authority", "Add the authority to the domain's CAA records. " + Again, "Type: caa", "CAA record"),
        new("RenewalPortClosed", OpsErrorKind.OperationFailed, "the authority does not reach the web server", "Open port 80 to the world, firewall and address records (IPv6 too) included. " + Again, "Type: connection", "onnection refused", "Timeout", "imeout"),
        new("RenewalChallenge", OpsErrorKind.OperationFailed, "the authority got another answer than certbot's", "See that http://NAME/.well-known/acme-challenge/ leads to certbot's folder, or that the DNS record is there. " + Again, string.Empty),
    ];

    private static readonly Rule Hook = new("RenewalHook", OpsErrorKind.OperationFailed, "a hook that should prove the names failed", "Run the hook by hand. " + Again);

    private static readonly Rule ServerDown = new(
        "RenewalServerDown", OpsErrorKind.Connection, "the authority's server cannot be reached", "Check DNS and the way out of this host; see the authority's status page.",
        "Max retries exceeded", "Failed to establish a new connection", "Requesting ", "timed out", "onnection refused", "onnection reset", "Remote end closed", "serverInternal", "Service Unavailable", "Bad Gateway", "Temporary failure");

    /// <summary>Finds the cause in what certbot said.</summary>
    /// <param name="text">Its output, or the end of its log.</param>
    /// <returns>The cause; null when it is none that is known.</returns>
    public static CertbotFailure? Find(string text)
    {
        var lines = text.ReplaceLineEndings("\n");
        if (Array.Find(Rules, rule => rule.Fits(lines)) is { } rule)
        {
            return rule.Failure(LineOf(lines, rule));
        }

        if (new CertbotRun(1, lines).HookFailure is { } hook && hook.Contains("auth-hook", StringComparison.Ordinal))
        {
            return Hook.Failure(hook);
        }

        var problems = ProblemPattern().Matches(lines);
        if (problems.Count > 0)
        {
            var first = problems[0].Groups;
            var challenge = $"Type: {first["type"].Value.Trim()}\n{first["detail"].Value}";
            var more = problems.Count == 1 ? string.Empty : $", and {problems.Count - 1} more";
            return Array.Find(ChallengeRules, rule => rule.Fits(challenge))!.Failure($"{first["domain"].Value.Trim()}: {first["detail"].Value.Trim()}{more}");
        }

        return ServerDown.Fits(lines) ? ServerDown.Failure(LineOf(lines, ServerDown)) : null;
    }

    /// <summary>A cause that is none of the known ones.</summary>
    /// <param name="text">What certbot said.</param>
    /// <returns>The cause, in certbot's words.</returns>
    public static CertbotFailure Unknown(string text)
    {
        var error = ErrorPattern().Match(text) is { Success: true } match ? match.Groups["error"].Value
            : text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault(line => !IsFrame(line)) ?? "it said nothing";
        return new CertbotFailure("Certificate.RenewalFailed", OpsErrorKind.OperationFailed, $"certbot failed: {Shorten(error)}", "See the end of certbot's log.");
    }

    private static bool IsFrame(string line) =>
        line.StartsWith("Ask for help", StringComparison.Ordinal) || line.StartsWith("- -", StringComparison.Ordinal) || line.StartsWith("Saving debug log", StringComparison.Ordinal);

    private static string LineOf(string text, Rule rule)
    {
        var lines = text.Split('\n');
        var at = Array.FindIndex(lines, rule.Fits);
        var line = lines[at];
        return lines.ElementAtOrDefault(at + 1) is { } next && next.StartsWith("The error was: ", StringComparison.Ordinal) ? $"{line.Trim()} {next.Trim()}"
            : ErrorPattern().Match(line) is { Success: true } match ? match.Groups["error"].Value : line.Trim();
    }

    private static string Shorten(string text) => text.Length <= Longest ? text.Trim().TrimEnd('.') : text[..Longest].Trim() + "…";

    [GeneratedRegex(@"Domain: (?<domain>[^\n]+)\n\s*Type: (?<type>[^\n]+)\n\s*Detail: (?<detail>[^\n]+)", RegexOptions.ExplicitCapture, 2000)]
    private static partial Regex ProblemPattern();

    [GeneratedRegex(@"(?:Failed to renew certificate \S+ with error|produced an unexpected error): (?<error>[^\n]+)", RegexOptions.ExplicitCapture, 2000)]
    private static partial Regex ErrorPattern();

    private sealed record Rule(string Name, OpsErrorKind Kind, string Meaning, string NextStep, params string[] Signs)
    {
        public bool Fits(string text) => Array.Exists(Signs, sign => text.Contains(sign, StringComparison.Ordinal));

        public CertbotFailure Failure(string said) =>
            new($"Certificate.{Name}", Kind, said.Length == 0 ? Meaning : $"{Meaning} ({Shorten(said)})", NextStep);
    }
}
