namespace OpsRunbook;

/// <summary>
/// A secret by reference. Holds no resolved value, and its text is never the secret: what is
/// printed, exported or logged is the reference, or <c>(set)</c> for a plain one.
/// </summary>
public sealed class SecretReference
{
    private readonly string _value;

    private SecretReference(SecretSource source, string value)
    {
        Source = source;
        _value = value;
    }

    /// <summary>Where the secret comes from.</summary>
    public SecretSource Source { get; }

    /// <summary>Name of the variable, path of the file, or <c>vault/name</c>; null for a plain secret.</summary>
    public string? Name => Source == SecretSource.Plain ? null : _value;

    /// <summary>Reads a reference; text that has not the form of one is a plain secret.</summary>
    /// <param name="text">For example <c>${env:PGPASSWORD}</c>.</param>
    /// <returns>The reference.</returns>
    public static SecretReference Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        foreach (var (prefix, source) in new[] { ("env:", SecretSource.Environment), ("file:", SecretSource.File), ("secret:", SecretSource.Vault) })
        {
            if (text.StartsWith("${" + prefix, StringComparison.Ordinal) && text.EndsWith('}'))
            {
                return new SecretReference(source, text[(prefix.Length + 2)..^1]);
            }
        }

        return new SecretReference(SecretSource.Plain, text);
    }

    /// <summary>A secret that is at hand, such as a credential that the caller gave. Never read as a reference, whatever it looks like.</summary>
    /// <param name="secret">The secret.</param>
    /// <returns>The reference that holds it.</returns>
    public static SecretReference Plain(string secret)
    {
        ArgumentNullException.ThrowIfNull(secret);
        return new SecretReference(SecretSource.Plain, secret);
    }

    /// <summary>The reference as written in a stack file, or <c>(set)</c> for a plain secret.</summary>
    /// <returns>Text without the secret.</returns>
    public override string ToString() => Source switch
    {
        SecretSource.Environment => $"${{env:{_value}}}",
        SecretSource.File => $"${{file:{_value}}}",
        SecretSource.Vault => $"${{secret:{_value}}}",
        _ => "(set)",
    };

    /// <summary>The plain secret itself. For the resolver alone.</summary>
    /// <returns>The secret.</returns>
    /// <exception cref="InvalidOperationException">The secret is not a plain one.</exception>
    internal string RevealPlain() => Source == SecretSource.Plain
        ? _value
        : throw new InvalidOperationException("Only a plain secret holds its value.");
}
