using System.Text;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Announcements;

/// <summary>A command of the stack that takes the text on standard input.</summary>
/// <param name="name">Name of the channel.</param>
/// <param name="host">Host on which it runs.</param>
/// <param name="arguments">The command as an argument vector.</param>
internal sealed class CommandChannel(string name, IHost host, IReadOnlyList<string> arguments) : IAnnouncementChannel
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public async Task<string> SendAsync(Announcement announcement, CancellationToken cancellationToken)
    {
        var command = new HostCommand([.. arguments]) { StandardInput = Encoding.UTF8.GetBytes($"{announcement.Subject}\n\n{announcement.Text}\n"), Timeout = Limit };
        var result = await host.RunAsync(command, cancellationToken);
        return result.Succeeded ? $"{command.Name} took it." : throw new OpsException(
            "Announce.Failed", OpsErrorKind.OperationFailed, $"The channel '{name}': {command.Name} ended with {result.ExitCode}: {result.Summary}", "Try the command by hand, and tell people in another way.", name);
    }
}
