using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Backups;
using OpsRunbook.Engine.Health;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Cmdlets;

/// <summary>A cmdlet that works on backups of a stack, or on a folder with those of an address instead.</summary>
public abstract class BackupCmdlet : AddressCmdlet
{
    /// <summary>Folder of the sets, together with -Uri.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Directory { get; set; }

    /// <summary>Names of the sets that somebody else makes, a glob, together with -Directory.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Pattern { get; set; }

    /// <summary>Opens the stack, or a session on the address of -Uri with its folder.</summary>
    /// <exception cref="OpsException"><c>Backup.ParameterInvalid</c>.</exception>
    private protected async Task<StackSession> OpenAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        if (Uri.Length == 0)
        {
            return Directory is null && Pattern is null
                ? await OpenStackAsync(output, cancellationToken, discover: false)
                : throw Unusable("-Directory and -Pattern belong to -Uri.", "Name the server with -Uri, or leave them away: the stack says where its backups are.");
        }

        if (Uri.Length > 1 || Directory is null)
        {
            throw Unusable(Directory is null ? "-Uri does not say where the sets are." : "Several addresses cannot share one folder.", "Give one -Uri and the -Directory of its sets.");
        }

        var stack = new OpsStack();
        HealthTarget.Add(stack, Uri[0], Credentials(Credential));
        var server = stack.Databases.Keys.Concat(stack.Caches.Keys).FirstOrDefault()
            ?? throw Unusable("-Uri is not the address of a database or of Redis.", "Write postgres://host/database, mysql://host/database or redis://host.");
        stack.Backups[server] = new StackBackup { Database = server, Directory = Path.GetFullPath(Directory, WorkingDirectory), Pattern = Pattern };
        return new StackSession(stack);
    }

    /// <summary>The backups that names fit.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="names">Names with wildcards; none for all.</param>
    /// <param name="output">Takes an error for each name that fits nothing.</param>
    /// <returns>The backups.</returns>
    private protected IReadOnlyList<BackupMember> Select(StackSession session, IReadOnlyList<string> names, IOperationOutput output) =>
        BackupMember.Select(session, Uri.Length > 0 ? [] : names, Limit, output);

    private static OpsException Unusable(string message, string nextStep) => new("Backup.ParameterInvalid", OpsErrorKind.InvalidArgument, message, nextStep);
}
