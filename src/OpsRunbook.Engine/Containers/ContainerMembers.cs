using OpsRunbook.Engine.Docker;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Services;

namespace OpsRunbook.Engine.Containers;

/// <summary>Tells which member of a stack a container belongs to, and where the engines of a stack are.</summary>
public sealed class ContainerMembers
{
    private const int ShortId = 12;

    private readonly List<ServiceTarget> _members;

    /// <summary>The members on one host.</summary>
    internal ContainerMembers(OpsStack stack, string host) =>
        _members = ServiceTargets.Of(stack).Where(member => member.Host == host).ToList();

    /// <summary>Hosts on which members run in containers; without any, every host that the stack uses.</summary>
    /// <param name="stack">The stack.</param>
    /// <returns>Their names.</returns>
    public static IReadOnlyList<string> Hosts(OpsStack stack)
    {
        ArgumentNullException.ThrowIfNull(stack);
        var hosts = ServiceTargets.Of(stack)
            .Where(member => member.Manager is ServiceManagerKind.Compose or ServiceManagerKind.Docker)
            .Select(member => member.Host)
            .Distinct(StringComparer.Ordinal)
            .ToList();
        return hosts.Count > 0 ? hosts : HostSelection.Used(stack);
    }

    /// <summary>The member that a container is an instance of; null for none.</summary>
    internal string? Find(DockerContainer container) => _members.Find(member => member.Manager switch
    {
        ServiceManagerKind.Docker => member.Unit.Name == container.Name
            || (member.Unit.Name.Length >= ShortId && container.Id.StartsWith(member.Unit.Name, StringComparison.Ordinal)),
        ServiceManagerKind.Compose => container is { ComposeProject: not null, IsComposeOneOff: false }
            && container.ComposeService == member.Unit.Name
            && ComposeManager.IsOf(container, member.Unit),
        _ => false,
    })?.Name;

    /// <summary>Members whose stack file names one of these images.</summary>
    internal IEnumerable<string> OfImage(IReadOnlyList<string> tags) =>
        _members.Where(member => member.Service?.Image is { } image && (tags.Contains(image, StringComparer.Ordinal) || tags.Contains(image + ":latest", StringComparer.Ordinal))).Select(member => member.Name);
}
