namespace OpsRunbook;

/// <summary>Where a secret comes from.</summary>
public enum SecretSource
{
    /// <summary>Written in the stack file itself. Works, and loading it warns.</summary>
    Plain,

    /// <summary>An environment variable: <c>${env:NAME}</c>.</summary>
    Environment,

    /// <summary>The first line of a file: <c>${file:/run/secrets/name}</c>.</summary>
    File,

    /// <summary>A SecretManagement vault, in PowerShell only: <c>${secret:vault/name}</c>.</summary>
    Vault,
}
