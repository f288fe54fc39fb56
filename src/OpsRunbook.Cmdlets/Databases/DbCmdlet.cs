using OpsRunbook.Engine;
using OpsRunbook.Engine.Databases;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Cmdlets;

/// <summary>A cmdlet that works on databases of a stack, or on addresses instead.</summary>
public abstract class DbCmdlet : AddressCmdlet
{
    /// <summary>Opens the stack, or a session on the addresses of -Uri.</summary>
    private protected async Task<StackSession> OpenAsync(IOperationOutput output, CancellationToken cancellationToken) =>
        Uri.Length > 0 ? DatabaseAddress.Open(Uri, Credentials(Credential)) : await OpenStackAsync(output, cancellationToken);

    /// <summary>The databases that names fit. A credential stands for the stack's own login too.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="names">Names with wildcards; none for all.</param>
    /// <param name="output">Takes an error for each name that fits nothing.</param>
    /// <returns>The databases.</returns>
    private protected IReadOnlyList<DatabaseMember> Select(StackSession session, IReadOnlyList<string> names, IOperationOutput output) =>
        DatabaseMember.Select(session, names, Limit, Uri.Length > 0 ? null : Credentials(Credential), output);
}
