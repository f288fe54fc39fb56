# Backups of a real PostgreSQL, from the first set to the last that may go.
BeforeDiscovery {
    Import-Module "$PSScriptRoot/PostgreSqlServer.psm1" -Force
    $script:binaries = Get-PostgreSqlFolder
}

Describe 'Backups of PostgreSQL' -Skip:(-not $binaries -or -not (Get-Command psql, pg_dump -ErrorAction Ignore)) {
    BeforeAll {
        Import-Module "$PSScriptRoot/../../OpsRunbook.psd1" -Force
        Import-Module "$PSScriptRoot/PostgreSqlServer.psm1" -Force
        $server = Open-PostgreSqlServer
        $folder, $port, $password = $server.Folder, $server.Port, $server.Password
        $env:OPSRUNBOOK_PESTER_DB = $password
        $sets = (New-Item -ItemType Directory "$folder/sets").FullName
        $stack = "$folder/shop.yaml"
        Set-Content $stack @"
stack: shop
databases:
  db: { engine: postgres, server: 127.0.0.1, port: $port, user: postgres, password: "`${env:OPSRUNBOOK_PESTER_DB}" }
backups:
  db: { database: db, directory: $sets, maxAge: 26h, retention: { keep: 14d, minimum: 1 } }
"@
        foreach ($attempt in 1..200) {
            if ((Test-DbConnection db -Stack $stack).Status -eq 'Healthy') { break }
            Start-Sleep -Milliseconds 100
        }
    }

    AfterAll {
        Remove-Item Env:OPSRUNBOOK_PESTER_DB -ErrorAction Ignore
        if ($server) { Close-PostgreSqlServer $server }
    }

    It 'are planned before they are made' {
        $plan = Backup-Database db -Stack $stack -WhatIf
        $plan.Detail | Should -BeLike 'pg_dump*custom*'
        Get-ChildItem $sets -Force | Should -BeNullOrEmpty
    }

    It 'are missed by the health of the stack until there is one' {
        $health = Get-ServiceHealth -Kind Backup -Stack $stack
        $health.Status | Should -Be 'Critical'
        $made = Backup-Database db -Stack $stack
        $made.State | Should -Be 'Complete'
        $made.Bytes | Should -BeGreaterThan 0
        (Get-ServiceHealth -Kind Backup -Stack $stack).Status | Should -Be 'Healthy'
    }

    It 'are listed, the newest first' {
        $null = Backup-Database -Stack $stack -Compression None
        $found = Get-DbBackup -Stack $stack
        $found.Sequence | Should -Be 2, 1
        (Get-DbBackup db -Newest -Stack $stack).Set | Should -Be $found[0].Set
        Get-DbBackup -Verified -Stack $stack | Should -BeNullOrEmpty
    }

    It 'fit a table of 120 columns' {
        $lines = (Get-DbBackup -Stack $stack | Out-String -Width 120).Split("`n")
        ($lines | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual 120
        $lines -join "`n" | Should -Match 'Status +Name +Set +Age +Size +Verified +Message'
    }

    It 'without a set that restores are not thinned out' {
        $null = Get-DbBackup -Stack $stack | Remove-DbBackup -Stack $stack -Confirm:$false -ErrorAction SilentlyContinue -ErrorVariable refused
        $refused[0].FullyQualifiedErrorId | Should -BeLike 'Guard.VerifiedBackups,*'
        (Get-DbBackup -Stack $stack).Count | Should -Be 2
    }

    It 'are asked for by maintenance that changes the only copy' {
        $env:PGPASSWORD = $password
        $null = & psql -X -q -h 127.0.0.1 -p $port -U postgres -d postgres -c 'CREATE TABLE orders (id int)'
        Remove-Item Env:PGPASSWORD
        (Invoke-DbMaintenance db VacuumFull -Table orders -Stack $stack -WhatIf -ErrorAction SilentlyContinue -ErrorVariable refused).Outcome | Should -Be 'Skipped'
        $refused[0].FullyQualifiedErrorId | Should -BeLike 'Guard.Backup,*'
    }

    It 'go to a folder of their own without a stack' {
        $other = (New-Item -ItemType Directory "$folder/other").FullName
        $login = [pscredential]::new('postgres', [Net.NetworkCredential]::new('x', $password).SecurePassword)
        $address = @{ Uri = "postgres://127.0.0.1:$port/postgres"; Credential = $login; Directory = $other }
        (Backup-Database @address).Path | Should -BeLike "$other/*"
        (Get-DbBackup @address).State | Should -Be 'Complete'
        { Get-DbBackup -Uri $address.Uri } | Should -Throw -ErrorId 'Backup.ParameterInvalid,*'
    }
}
