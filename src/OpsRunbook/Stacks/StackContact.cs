namespace OpsRunbook;

/// <summary>A person, a role, a team or a vendor.</summary>
public sealed class StackContact
{
    /// <summary>Role: <c>Team Lead</c>; null when the key says enough.</summary>
    public string? Role { get; set; }

    /// <summary>Name of the person or company; null when the role is what matters.</summary>
    public string? Name { get; set; }

    /// <summary>Mail address; null for none.</summary>
    public string? Email { get; set; }

    /// <summary>Telephone number; null for none.</summary>
    public string? Phone { get; set; }

    /// <summary>Address of a pager, a portal or a status page; null for none.</summary>
    [StackValue(Form = StackForm.Url)]
    public string? Url { get; set; }

    /// <summary>Where the contact is found otherwise: <c>PagerDuty</c>, a chat channel; null for nowhere.</summary>
    public string? Via { get; set; }

    /// <summary>What the contact is called for; null when the file does not say.</summary>
    public string? Responsibility { get; set; }

    /// <summary>Outside the company.</summary>
    public bool External { get; set; }
}
