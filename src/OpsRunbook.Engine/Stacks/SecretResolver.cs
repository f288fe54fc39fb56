namespace OpsRunbook.Engine.Stacks;

/// <summary>Turns secret references into secrets. The values stay in memory and are never cached, logged or printed.</summary>
public sealed class SecretResolver
{
    private readonly Func<string, CancellationToken, ValueTask<string?>>? _vault;

    /// <summary>Creates a resolver.</summary>
    /// <param name="vault">Reads <c>vault/name</c> from SecretManagement; null where there is no PowerShell.</param>
    public SecretResolver(Func<string, CancellationToken, ValueTask<string?>>? vault = null) => _vault = vault;

    /// <summary>The value of a secret.</summary>
    /// <param name="secret">The reference.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The secret.</returns>
    /// <exception cref="OpsException"><c>Secret.NotResolved</c>.</exception>
    public async ValueTask<string?> ResolveAsync(SecretReference secret, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(secret);
        switch (secret.Source)
        {
            case SecretSource.Plain:
                return secret.RevealPlain();
            case SecretSource.Environment:
                return Environment.GetEnvironmentVariable(secret.Name!)
                    ?? throw NotResolved(secret, "The environment variable is not set.", $"Set {secret.Name} before the call.");
            case SecretSource.File:
                return await ReadFileAsync(secret, cancellationToken);
            default:
                if (_vault is null)
                {
                    throw NotResolved(secret, "Vaults are read through SecretManagement, which needs PowerShell.", "Use ${env:…} or ${file:…} here.");
                }

                return await _vault(secret.Name!, cancellationToken)
                    ?? throw NotResolved(secret, "The vault has no such secret.", $"Check it with Get-SecretInfo in PowerShell.");
        }
    }

    private static async Task<string> ReadFileAsync(SecretReference secret, CancellationToken cancellationToken)
    {
        try
        {
            using var reader = new StreamReader(secret.Name!);
            return await reader.ReadLineAsync(cancellationToken) ?? string.Empty;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw NotResolved(secret, error.Message, "Check the path and that this user may read it.", error);
        }
    }

    private static OpsException NotResolved(SecretReference secret, string cause, string next, Exception? inner = null) =>
        new("Secret.NotResolved", OpsErrorKind.PermissionDenied, $"The secret {secret} cannot be read: {cause}", next, secret.ToString(), inner);
}
