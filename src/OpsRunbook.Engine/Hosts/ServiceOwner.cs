namespace OpsRunbook.Engine.Hosts;

/// <summary>The service that a process belongs to.</summary>
/// <param name="Manager">What runs it.</param>
/// <param name="Name">Unit without <c>.service</c>, pm2 application, compose service, or container.</param>
/// <param name="Project">Compose project; null for none.</param>
/// <param name="User">Owner of the pm2 daemon; null for none.</param>
internal sealed record ServiceOwner(ServiceManagerKind Manager, string Name, string? Project = null, string? User = null)
{
    /// <summary>For people: <c>nginx</c>, <c>shop/web</c>.</summary>
    public string Display => Project is null ? Name : $"{Project}/{Name}";
}
