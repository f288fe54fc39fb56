namespace OpsRunbook.Engine.Services;

/// <summary>Failures that every manager reports in the same words.</summary>
internal static class ServiceErrors
{
    public static OpsException NotFound(ServiceTarget target) => new(
        "Service.NotFound",
        OpsErrorKind.NotFound,
        $"{Word(target)} '{target.Unit.Name}' of '{target.Name}' does not exist on host '{target.Host}'.",
        "Check 'unit' and 'host' of the service in the stack file.",
        target.Name);

    public static OpsException Forbidden(ServiceTarget target, string cause) => new(
        "Service.Forbidden",
        OpsErrorKind.PermissionDenied,
        $"This user may not control {Word(target).ToLowerInvariant()} '{target.Unit.Name}' of '{target.Name}' on host '{target.Host}': {cause}",
        "Run as root, connect as a user that may, or allow it with a polkit rule.",
        target.Name);

    public static OpsException Failed(ServiceTarget target, ServiceAction action, string cause) => new(
        "Service.ActionFailed",
        OpsErrorKind.OperationFailed,
        $"'{target.Name}' on host '{target.Host}': {Verb(action)} was refused: {cause}",
        "The state is as it was, or as Get-OpsService shows it.",
        target.Name);

    public static OpsException Cannot(ServiceTarget target, ServiceAction action, string cause, string nextStep) => new(
        $"Service.Cannot{action}",
        OpsErrorKind.InvalidArgument,
        $"'{target.Name}' on host '{target.Host}' cannot take the action '{Verb(action)}': {cause}",
        nextStep,
        target.Name);

    /// <summary>What an operator calls the action.</summary>
    public static string Verb(ServiceAction action) => action switch
    {
        ServiceAction.SetLimit => "set limit",
        _ => action.ToString().ToLowerInvariant(),
    };

    private static string Word(ServiceTarget target) => target.Manager switch
    {
        ServiceManagerKind.Systemd => "Unit",
        ServiceManagerKind.Pm2 => "Application",
        ServiceManagerKind.Compose => "Compose service",
        ServiceManagerKind.Docker => "Container",
        _ => "Process",
    };
}
