using System.Text.RegularExpressions;

namespace OpsRunbook.Engine.Safety;

/// <summary>
/// Takes secrets out of other programs' command lines before they are shown. It goes by names that
/// secrets usually have, so it can miss one that is called otherwise; it rather hides too much.
/// </summary>
public static partial class CommandRedactor
{
    private const string Hidden = "***";

    /// <summary>The command on one line, what looks like a secret replaced by <c>***</c>.</summary>
    /// <param name="arguments">Executable and arguments.</param>
    /// <returns>Text to show.</returns>
    public static string Redact(IReadOnlyList<string> arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        var shown = new List<string>(arguments.Count);
        var hideNext = false;
        var program = arguments.Count > 0 ? Path.GetFileName(arguments[0]) : string.Empty;
        foreach (var argument in arguments)
        {
            if (hideNext)
            {
                // "--password" at the end of the options may be followed by another option after all.
                hideNext = false;
                if (!argument.StartsWith('-') || argument.Length < 2)
                {
                    shown.Add(Hidden);
                    continue;
                }
            }

            hideNext = SecretOption().IsMatch(argument) || (IsPasswordLetter(program, argument) && argument.Length == 2);
            shown.Add(IsPasswordLetter(program, argument) && argument.Length > 2 && program != "redis-cli"
                ? argument[..2] + Hidden
                : RedactText(argument));
        }

        return string.Join(' ', shown);
    }

    /// <summary>Free text, what looks like a secret in it replaced by <c>***</c>.</summary>
    /// <param name="text">The text.</param>
    /// <returns>Text to show.</returns>
    public static string RedactText(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.AsSpan().IndexOfAny('=', ':') < 0)
        {
            // All of them need one of the two.
            return text;
        }

        try
        {
            return Header().Replace(RedactAddresses(Assignment().Replace(text, "$1" + Hidden)), "$1" + Hidden);
        }
        catch (RegexMatchTimeoutException)
        {
            // A machine that is so busy must not lose a record, and still less show what was not looked at.
            return Hidden;
        }
    }

    /// <summary>Text in which only the passwords of addresses are replaced by <c>***</c>: a name, in which <c>auth:</c> and the like are part of the name.</summary>
    /// <param name="text">The text.</param>
    /// <returns>Text to show.</returns>
    public static string RedactAddresses(string text) => Address().Replace(text, "$1" + Hidden + "@");

    /// <summary>Values by their names: those whose name is that of a secret are hidden altogether.</summary>
    /// <param name="values">The values.</param>
    /// <returns>Values to show.</returns>
    public static IReadOnlyDictionary<string, string?> RedactValues(IReadOnlyDictionary<string, string?> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return values.ToDictionary(
            pair => pair.Key,
            pair => pair.Value is null ? null : SecretNames.IsSecret(pair.Key, pair.Value) ? Hidden : RedactText(pair.Value),
            StringComparer.Ordinal);
    }

    // Single letters mean something else in almost every other program.
    private static bool IsPasswordLetter(string program, string argument) => program switch
    {
        "mysql" or "mysqldump" or "mysqladmin" or "mysqlcheck" or "mariadb" or "mariadb-dump" or "mariadb-admin" or "mongosh" or "mongo" or "mongodump"
            or "mongorestore" or "sshpass" => argument.StartsWith("-p", StringComparison.Ordinal) && !argument.StartsWith("--", StringComparison.Ordinal),
        "redis-cli" or "valkey-cli" => argument == "-a",
        "curl" => argument == "-u",
        _ => false,
    };

    [GeneratedRegex("^--?[a-z0-9_.-]*(pass|passwd|password|pwd|secret|token|api-?key|apikey|access-?key|private-?key|requirepass|masterauth|credential)s?[a-z0-9_.]*$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex SecretOption();

    // A match begins at the beginning of a run of such letters only, and only when the run ends in = or :. Otherwise the time would grow
    // with the square of the length, and a megabyte of text in a message would outlast the limit.
    [GeneratedRegex("((?<![a-z0-9_.-])(?=[a-z0-9_.-]+[=:])[a-z0-9_.-]*?(?:pass|passwd|password|pwd|secret|token|api_?-?key|access_?-?key|private_?-?key|credential|auth)[a-z0-9_.-]*[=:])(?!//)[^&;,\\s]+", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, 10_000)]
    private static partial Regex Assignment();

    [GeneratedRegex("((?<![a-z0-9+.-])[a-z0-9+.-]+://[^:/@\\s]*:)[^/\\s]+@", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, 10_000)]
    private static partial Regex Address();

    [GeneratedRegex("((?:authorization|x-api-key|cookie)\\s*[:=]\\s*(?:(?:bearer|basic|token)\\s*)?).+", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, 10_000)]
    private static partial Regex Header();
}
