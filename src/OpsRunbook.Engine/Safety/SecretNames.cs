using System.Text.RegularExpressions;

namespace OpsRunbook.Engine.Safety;

/// <summary>
/// Decides what is a secret: by the name that it goes by, and by what it looks like. This is the one place for that, and it
/// rather hides too much than too little.
/// </summary>
public static partial class SecretNames
{
    /// <summary>A thing of this name is usually a secret.</summary>
    /// <param name="name">Name of a variable, key or option.</param>
    /// <returns>True when it is to be hidden.</returns>
    public static bool IsSecretName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return SecretName().IsMatch(name) ? !AboutSecret().IsMatch(name) : AddressName().IsMatch(name);
    }

    /// <summary>A value is a secret, by its name or its own look. Nothing is no secret.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="value">The value.</param>
    /// <returns>True when it is to be hidden.</returns>
    public static bool IsSecret(string name, string value)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(value);
        return value.Length > 0 && (IsSecretValue(value) || (IsSecretName(name) && !IsOpenAddress(name, value)));
    }

    /// <summary>A value looks like a secret, whatever its name: an address with a password, a token of a known form, a private key.</summary>
    /// <param name="value">The value.</param>
    /// <returns>True when it is to be hidden.</returns>
    public static bool IsSecretValue(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return KnownForm().IsMatch(value) || !string.Equals(CommandRedactor.RedactText(value), value, StringComparison.Ordinal);
    }

    // DATABASE_URL is hidden for the password that it usually has; one without a password may be seen.
    private static bool IsOpenAddress(string name, string value) =>
        AddressName().IsMatch(name) && Uri.TryCreate(value, UriKind.Absolute, out var address) && address.Host.Length > 0 && !address.UserInfo.Contains(':', StringComparison.Ordinal);

    [GeneratedRegex(
        "PASSW(OR)?D|PASSPHRASE|SECRET|TOKEN|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE|ENCRYPTION|JWT|CONNECTION_?STRING|WEBHOOK|REQUIREPASS|MASTERAUTH|PWD$|(^|[^A-Z])(PASS|PWD|AUTH|COOKIE|SALT|PSK|PIN|DSN|SAS)([^A-Z]|$)|(^|[^A-Z])KEYS?$",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        1000)]
    private static partial Regex SecretName();

    // How long a token lives or where a key lies is no secret; neither is the folder one is in.
    [GeneratedRegex(
        "^(OLD)?PWD$|^SSH_AUTH_SOCK$|PUBLIC_?KEY$|[^A-Z](FILE|PATH|DIR|DIRECTORY|FOLDER|NAME|TTL|EXPIRY|EXPIRES(_(IN|AT))?|EXPIRATION|LIFETIME|AGE|LENGTH|LIMIT|COUNT|SIZE|TIMEOUT|ENABLED?|DISABLED?|REQUIRED|TYPE|ALGORITHM|ISSUER|AUDIENCE|METHOD|MODE|HOST|PORT|USER|USERNAME|ROUNDS|REGION|VERSION|HEADER)$",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        1000)]
    private static partial Regex AboutSecret();

    [GeneratedRegex("(^|[^A-Z])(DATABASE|DB|POSTGRES(QL)?|PG|MYSQL|MARIADB|REDIS|MONGO(DB)?|AMQP|RABBITMQ|BROKER|CACHE|SMTP|SENTRY)_?(URL|URI|DSN)$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex AddressName();

    [GeneratedRegex(
        @"\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{4,}\.|-----BEGIN [A-Z ]*PRIVATE KEY|\b(AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}|\bglpat-[A-Za-z0-9_-]{16,}|\bxox[abposr]-[A-Za-z0-9-]{10,}|\b[rsp]k_(live|test)_[A-Za-z0-9]{10,}|\bsk-[A-Za-z0-9_-]{20,}|\bAIza[A-Za-z0-9_-]{30,}|\bnpm_[A-Za-z0-9]{30,}|\bSG\.[A-Za-z0-9_-]{16,}\.|^\$(2[aby]|5|6|y|argon2(id?|d))\$|hooks\.slack\.com/services/",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        1000)]
    private static partial Regex KnownForm();
}
