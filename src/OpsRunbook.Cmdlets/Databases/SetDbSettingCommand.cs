using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Databases;

namespace OpsRunbook.Cmdlets;

/// <summary>Changes a setting of a database server, and says whether that takes a restart.</summary>
[Cmdlet(VerbsCommon.Set, "DbSetting", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High, DefaultParameterSetName = "Value")]
[OutputType(typeof(DbSettingChange), typeof(OpsPlanStep))]
public sealed class SetDbSettingCommand : DbSettingCmdlet
{
    /// <summary>Name of the setting.</summary>
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = "Value")]
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = "Reset")]
    [ValidateNotNullOrEmpty]
    public string Setting { get; set; } = string.Empty;

    /// <summary>Its new value, as the server writes it.</summary>
    [Parameter(Mandatory = true, Position = 2, ParameterSetName = "Value")]
    [AllowEmptyString]
    public string Value { get; set; } = string.Empty;

    /// <summary>Puts the setting back to its default.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Reset")]
    public SwitchParameter Reset { get; set; }

    private protected override IReadOnlyList<(string Name, string? Value)> Values(DatabaseMember member) => IsBound(nameof(Reset)) && !On(Reset)
        ? throw new OpsException("Db.ParameterInvalid", OpsErrorKind.InvalidArgument, "-Reset cannot be given as off.", "Give -Value instead.")
        : [(Setting, On(Reset) ? null : Value)];
}
