using System.Globalization;
using System.Text;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Disks;

/// <summary>Names of the users of a host, by their numbers.</summary>
internal sealed class FileOwners
{
    private const int LargestPasswd = 16 * 1024 * 1024;

    private readonly IHost _host;
    private readonly Dictionary<string, string> _names;

    private FileOwners(IHost host, Dictionary<string, string> names)
    {
        _host = host;
        _names = names;
    }

    public static async Task<FileOwners> ReadAsync(IHost host, CancellationToken cancellationToken)
    {
        var passwd = await host.ReadFileAsync("/etc/passwd", LargestPasswd, cancellationToken);
        return new FileOwners(host, ProcParser.ParseUsers(Encoding.UTF8.GetString(passwd ?? [])));
    }

    /// <summary>The number of a user.</summary>
    /// <param name="user">Name or number; null for any.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    /// <returns>Null for any.</returns>
    public async Task<uint?> NumberAsync(string? user, CancellationToken cancellationToken)
    {
        if (user is null)
        {
            return null;
        }

        var id = Find(_names, user) ?? user;
        if (TryNumber(id, out var number))
        {
            return number;
        }

        id = Find(await UserNames.AskDirectoryAsync(_host, [user], cancellationToken), user) ?? string.Empty;
        return TryNumber(id, out number) ? number : throw new OpsException(
            "Disk.OwnerUnknown", OpsErrorKind.NotFound, $"There is no user '{user}' on {_host.Name}.", "Give a name of that host, or the user's number.", user);
    }

    /// <summary>Learns the names of users that are not in the host's own list.</summary>
    /// <param name="users">Their numbers.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    /// <returns>A task.</returns>
    public async Task LearnAsync(IEnumerable<uint> users, CancellationToken cancellationToken)
    {
        var unknown = users.Distinct().Select(Text).Where(user => !_names.ContainsKey(user)).ToArray();
        if (unknown.Length > 0)
        {
            foreach (var (id, name) in await UserNames.AskDirectoryAsync(_host, unknown, cancellationToken))
            {
                _names.TryAdd(id, name);
            }
        }
    }

    /// <summary>The name of a user.</summary>
    /// <param name="user">The number.</param>
    /// <returns>The number as text when there is no name.</returns>
    public string Name(uint user) => _names.GetValueOrDefault(Text(user)) ?? Text(user);

    private static string? Find(Dictionary<string, string> names, string user) =>
        names.Where(entry => entry.Value == user).Select(entry => entry.Key).FirstOrDefault();

    private static bool TryNumber(string text, out uint number) => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private static string Text(uint user) => user.ToString(CultureInfo.InvariantCulture);
}
